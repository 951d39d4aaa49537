/** What a tab's worker tells its page, and what the page asks of it. */

/** How a passive node gets at the files. */
export type Way = 'handles' | 'getFile';

export type Wish = 'pause' | 'resume' | 'hand-over' | 'start-over' | { readonly pace: number };

/** What the active node has done since it took the role. */
export interface Writing {
  readonly writes: number;
  readonly bytes: number;
  readonly preserved: number;
  readonly copiesTaken: number;
  readonly copies: readonly number[];
  readonly records: number;
  readonly barriers: number;
  readonly compactions: number;
  /** Blocks that the last holder left half written, and whose sectors were each whole. */
  readonly mended: number;
}

/** What a passive node has read, each sector of it compared with the truth in the copy. */
export interface Reading {
  readonly verified: number;
  readonly bytes: number;
  /** Reads that the re-check sent to slots. */
  readonly redirected: number;
  readonly restarts: number;
  /** Reads of the journal's tail. */
  readonly looks: number;
  readonly gone: number;
  readonly wrong: number;
  readonly copies: readonly number[];
  /** The first wrong read. */
  readonly evidence: string | undefined;
}

export interface News {
  readonly role: 'starting' | 'passive' | 'active' | 'failed';
  readonly way: Way | undefined;
  readonly paused: boolean;
  /** Tabs that have or want the role. */
  readonly tabs: number;
  readonly epoch: number | undefined;
  /** What a node waits for, or why it has stopped. */
  readonly words: string | undefined;
  readonly writing: Writing | undefined;
  readonly reading: Reading | undefined;
  /** How long the latest writes or reads took, in microseconds. */
  readonly took: readonly number[];
  /** Blocks that were written or read since the last news. */
  readonly touched: Uint16Array;
}
