import type { Awaitable } from '../medium.js';

/** When a participant is frozen: what uses others first, what all use last. */
export type Level = 'front-end' | 'back-end' | 'system';

/** The methods of a participant that a set calls, in their order; `abort` comes at any time. */
export type Call =
  'prepare' | 'freeze' | 'thaw' | 'postSnapshot' | 'abort' | 'backupComplete' | 'shutdown';

/**
 * How many milliseconds a participant may take over each call. They hold even when a promise never
 * settles: the set goes on without it, and tells the participant to abort beside it.
 */
export interface Deadlines {
  /** Over `prepare`, where slow work belongs: 60,000. */
  readonly prepare: number;
  /** Over `freeze`: 20,000. */
  readonly freeze: number;
  /** From being told to freeze to being told to thaw: 60,000. */
  readonly frozen: number;
  /** Over `thaw`: 20,000. */
  readonly thaw: number;
  /** Over `postSnapshot`: 60,000. */
  readonly postSnapshot: number;
  /** Over `abort`: 20,000. */
  readonly abort: number;
  /** Over `backupComplete`: 60,000. */
  readonly backupComplete: number;
  /** Over `shutdown`: 20,000. */
  readonly shutdown: number;
}

/** The usual deadlines, in the engine's order. */
export const DEADLINES: Deadlines = {
  prepare: 60_000,
  freeze: 20_000,
  frozen: 60_000,
  thaw: 20_000,
  postSnapshot: 60_000,
  abort: 20_000,
  backupComplete: 60_000,
  shutdown: 20_000,
};

/** A copy of a set that nobody has seen yet. */
export interface SetCopy {
  /** The name that the set has for the volume. */
  readonly volume: string;
  /** The copy's number. */
  readonly id: number;
}

/**
 * A participant's refusal, with its reason. Anything else that a participant throws is a refusal, too,
 * and one that another try would meet again.
 */
export class Veto extends Error {
  override readonly name = 'Veto';
  /** Whether another try may succeed. */
  readonly retryable: boolean;

  constructor(reason: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    const { retryable = false, cause } = options;
    super(reason, cause === undefined ? undefined : { cause });
    this.retryable = retryable;
  }
}

/**
 * An application that takes part in sets: it brings its data into a good state for the instant, and
 * changes nothing until it is told to go on. Every method may answer at once or by a promise, and
 * refuses by throwing.
 *
 * The calls come one after the other. But when one does not come back in time, `abort` is called
 * *beside* it, and again when it comes back after all. So `abort` must be safe at any time, more than
 * once. What never gives the thread back, like an endless loop, stops the page or worker that it runs
 * in, and the set with it.
 *
 * @example
 * const cart: Participant = {
 *   name: 'cart',
 *   freeze: () => cartStore.pauseAndFlush(),
 *   thaw: () => cartStore.resume(),
 *   abort: () => cartStore.resume(),
 * };
 */
export interface Participant {
  /** What its refusals are told with; no other participant of the set may be named so. */
  readonly name: string;
  /** When it is frozen; among the first if not given. */
  readonly level?: Level;
  /** How long it may take; as usual where not given. */
  readonly deadlines?: Partial<Deadlines>;
  /** Gets ready: a backup is near. Slow work belongs here. */
  prepare?(): Awaitable<void>;
  /** Brings the data into a state to start from, and changes nothing until `thaw` or `abort`. */
  freeze?(): Awaitable<void>;
  /** Goes on. Throws if it was not quiet all the time. */
  thaw?(): Awaitable<void>;
  /** The copies are there, and nobody has seen them yet. */
  postSnapshot?(copies: readonly SetCopy[]): Awaitable<void>;
  /** It comes to nothing: goes on, if frozen, and forgets what it was told. */
  abort(): Awaitable<void>;
  /** The requester has read what it wanted; whether the backup is good. */
  backupComplete?(succeeded: boolean): Awaitable<void>;
  /** Nothing more will come. */
  shutdown?(): Awaitable<void>;
}
