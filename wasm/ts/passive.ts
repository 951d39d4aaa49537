import { RawPassive, type RawShadowCopy } from './engine/shadowvol.js';
import { type Extent, ShadowCopy } from './copy.js';
import { load } from './load.js';
import { type Media, type ReadableMedium, raw, whole } from './medium.js';

/** What a passive node has done since it was opened. */
export interface PassiveStats {
  /** Shadow copies, when the node last caught up. */
  readonly copies: number;
  /** Reads that ended well. */
  readonly reads: number;
  readonly readBytes: number;
  /** Reads of the journal's tail. */
  readonly tailReads: number;
  /** Journal records that were followed. */
  readonly records: number;
  /** Chunks that were read from the origin, found preserved meanwhile, and read from their slots. */
  readonly redirectedChunks: number;
  /** Reads that had at least one such chunk. */
  readonly redirectedReads: number;
  /** Reads that began again because the journal had moved. */
  readonly restarts: number;
  /** Journals loaded after the first. */
  readonly reloads: number;
  /** Reads that ended in `gone`. */
  readonly gone: number;
  /** The holding of the active role that was last seen. */
  readonly epoch: number;
  readonly tableChunks: number;
  readonly tableBytes: number;
}

/**
 * A passive node: it reads the shadow copies of a volume straight from its media while another node
 * writes it. It takes no lock, sends no message and writes nothing.
 *
 * @example
 * const node = await Passive.open({ origin: new Http('/disk.img'), diff: new Http('/disk.img.diff') });
 * const copy = await node.newest();
 * const bootSector = await copy?.read(0, 512);
 */
export class Passive {
  readonly #raw: RawPassive;

  /** @internal */
  constructor(raw: RawPassive) {
    this.#raw = raw;
  }

  /** Opens the shadow copies of a volume. */
  static async open(media: Media<ReadableMedium>): Promise<Passive> {
    await load();
    const origin = raw(media.origin, 'origin', false);
    const diff = raw(media.diff, 'diff area', false);
    return new Passive((await RawPassive.open(origin, diff)) as RawPassive);
  }

  /** Bytes of the volume. */
  get size(): number {
    return this.#raw.size;
  }

  /** Bytes of a chunk, the unit of preservation. */
  get chunkSize(): number {
    return this.#raw.chunkSize;
  }

  /** Whether the node was closed. */
  get closed(): boolean {
    return this.#raw.closed;
  }

  /** The live shadow copies, the oldest first, as the journal has them now. */
  async shadowCopies(): Promise<ShadowCopy[]> {
    const copies = (await this.#raw.shadowCopies()) as RawShadowCopy[];
    return copies.map((copy) => new ShadowCopy(copy, this.size));
  }

  /**
   * The shadow copy with this number, as the journal has it now.
   *
   * @throws `gone` when it was deleted, `no-such-copy` when it was never taken.
   */
  async shadowCopy(id: number): Promise<ShadowCopy> {
    const copy = (await this.#raw.shadowCopy(number(id))) as RawShadowCopy;
    return new ShadowCopy(copy, this.size);
  }

  /** The newest shadow copy, as the journal has it now; one that is unfinished does not count. */
  async newest(): Promise<ShadowCopy | undefined> {
    const copy = (await this.#raw.shadowCopy(0)) as RawShadowCopy | undefined;
    return copy && new ShadowCopy(copy, this.size);
  }

  /** What may differ between two shadow copies: whole chunks, in order. */
  async changes(since: number, until: number): Promise<Extent[]> {
    return (await this.#raw.changes(number(since), number(until))) as Extent[];
  }

  /** What the node has done since it was opened. */
  stats(): PassiveStats {
    return this.#raw.stats() as PassiveStats;
  }

  /** Closes the node; its shadow copies cannot be read any more. */
  close(): void {
    this.#raw.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The highest number that a copy can have. */
const MOST = 0x7fff_ffff;

/** @internal The number of a copy; one that no copy can have is taken for one that none has. */
export function number(id: number): number {
  return Math.min(whole('id', id) || MOST, MOST);
}
