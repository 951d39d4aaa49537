import { RawMedium } from './engine/shadowvol.js';
import { ShadowvolError } from './error.js';

/** A value, at once or promised. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * A medium that can be read: all that a passive node needs of one.
 *
 * Passives rely on this: a read that starts after a write was acknowledged sees it; and sizes never
 * shrink. Nothing else is assumed: a read during a write may find any byte old or new.
 */
export interface ReadableMedium {
  /** How many bytes there are. */
  size(): Awaitable<number>;
  /**
   * Fills all of `buffer` with the bytes from `offset` on, or throws. The buffer must not be used
   * any more once that is done.
   */
  readAt(offset: number, buffer: Uint8Array): Awaitable<void>;
  /**
   * Whether every method answers at once, without promises, and keeps no buffer. It is then given
   * views of the engine's own memory, which spares a copy.
   */
  readonly direct?: boolean;
}

/**
 * A medium that can be written: what the active node needs of one. Every method may answer at once
 * or by a promise; an error that it throws ends up as the `cause` of a {@link ShadowvolError}.
 *
 * @example
 * class Bytes implements Medium {
 *   #bytes = new Uint8Array(1 << 20);
 *   size() { return this.#bytes.length; }
 *   readAt(offset: number, buffer: Uint8Array) {
 *     buffer.set(this.#bytes.subarray(offset, offset + buffer.length));
 *   }
 *   writeAt(offset: number, data: Uint8Array) { this.#bytes.set(data, offset); }
 *   barrier() {}
 * }
 */
export interface Medium extends ReadableMedium {
  /** Writes all of `data` from `offset` on, or throws. */
  writeAt(offset: number, data: Uint8Array): Awaitable<void>;
  /**
   * Ends when all earlier writes, growth among them, are ordered before all later ones, and, if the
   * medium is durable, on stable storage.
   */
  barrier(): Awaitable<void>;
  /**
   * Makes the medium at least `size` bytes large, if it can grow, and gives its size. A medium
   * without this has a fixed size. A lack of space is an error named `QuotaExceededError`, or with
   * the code `ENOSPC`.
   */
  grow?(size: number): Awaitable<number>;
  /** Turns bytes into zeros; without this, zeros are written. */
  punch?(offset: number, length: number): Awaitable<void>;
}

/** The two media of a volume. */
export interface Media<M extends ReadableMedium = Medium> {
  /** The volume's own bytes: a plain image, which is never reformatted. */
  origin: M | Memory;
  /** Where old bytes and the journal go. */
  diff: M | Memory;
}

/**
 * A medium in the engine's own memory, sparse, shared by everybody who has it: for tests, and for
 * volumes that need not outlive the page.
 */
export class Memory {
  readonly #size: number;
  readonly #limit: number;
  #raw: RawMedium | undefined;

  /** So many zeros, which may grow up to `limit` bytes. */
  constructor(size = 0, { limit = Number.MAX_SAFE_INTEGER }: { limit?: number } = {}) {
    this.#size = whole('size', size);
    this.#limit = whole('limit', limit);
  }

  /** How many bytes there are. */
  size(): number {
    return this.#raw?.size() ?? this.#size;
  }

  /** Fills `buffer` with the bytes from `offset` on. */
  readAt(offset: number, buffer: Uint8Array): void {
    checkRange(offset, buffer.length, this.size(), 'medium');
    if (this.#raw) this.#raw.readAt(offset, buffer, buffer.length);
    else buffer.fill(0);
  }

  /** @internal The engine's side of it; the engine has been loaded. */
  raw(): RawMedium {
    this.#raw ??= RawMedium.memory(this.#size, this.#limit);
    return this.#raw;
  }
}

/** @internal Refuses a request that reaches past the end. */
export function checkRange(offset: number, length: number, size: number, of = 'volume'): void {
  if (whole('offset', offset) + whole('length', length) <= size) return;
  const message = `${length} bytes at ${offset} reach past the end of the ${of} of ${size} bytes`;
  throw new ShadowvolError('out-of-range', message, { offset, length, size });
}

/** @internal The number, if it is a whole one that is not negative. */
export function whole(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0) {
    throw new ShadowvolError('bad-argument', `${name} is ${value}: use a whole number, 0 or more`);
  }
  return value;
}
