import { ShadowvolError } from './error.js';
import type { Awaitable, Medium, ReadableMedium } from './medium.js';

/** Zeros that are written at once. */
const ZEROS = 1 << 20;

/**
 * @internal An object of the caller's, as the engine calls it: each method gives what it comes to, or the
 * promise of that, and none throws. Its methods get memory of JavaScript's own, because a view of the
 * engine's would be cut off when that grows, and could be kept. One that answers at once and keeps
 * nothing says so (`direct`), and is given such views.
 */
export class Port {
  readonly direct: boolean;
  readonly #medium: Medium;

  constructor(medium: ReadableMedium, name: string, writable: boolean) {
    const needed = writable ? ['size', 'readAt', 'writeAt', 'barrier'] : ['size', 'readAt'];
    for (const method of needed) {
      if (typeof Reflect.get(medium, method) !== 'function') {
        const message = `the ${name} has no method ${method}; see the type Medium`;
        throw new ShadowvolError('bad-medium', message);
      }
    }
    this.#medium = medium as Medium;
    this.direct = medium.direct === true;
  }

  size(): unknown {
    return this.#try(() => this.#medium.size());
  }

  read(offset: number, length: number): unknown {
    const bytes = new Uint8Array(length);
    return this.#try(() => then(this.#medium.readAt(offset, bytes), () => bytes));
  }

  fill(offset: number, buffer: Uint8Array): unknown {
    return this.#try(() => this.#medium.readAt(offset, buffer));
  }

  write(offset: number, data: Uint8Array): unknown {
    return this.#try(() => this.#medium.writeAt(offset, data));
  }

  store(offset: number, view: Uint8Array): unknown {
    return this.write(offset, this.direct ? view : view.slice());
  }

  barrier(): unknown {
    return this.#try(() => this.#medium.barrier());
  }

  grow(size: number): unknown {
    const medium = this.#medium;
    return this.#try(() => (medium.grow ? medium.grow(size) : medium.size()));
  }

  punch(offset: number, length: number): unknown {
    const medium = this.#medium;
    return this.#try(() =>
      medium.punch ? medium.punch(offset, length) : this.#writeZeros(offset, offset + length),
    );
  }

  /** Writes zeros, piece by piece, for an object that cannot punch holes. */
  #writeZeros(offset: number, end: number): Awaitable<void> {
    if (offset === end) return;
    const piece = new Uint8Array(Math.min(end - offset, ZEROS));
    const next = () => this.#writeZeros(offset + piece.length, end);
    return then(this.#medium.writeAt(offset, piece), next);
  }

  #try(work: () => Awaitable<unknown>): unknown {
    try {
      const done = work();
      if (!isPromise(done)) return done;
      if (!this.direct) return Promise.resolve(done);
      throw new TypeError('a medium that says that it is direct gave a promise');
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Goes on at once, or when a promise has come true. */
function then<T>(done: Awaitable<void>, next: () => Awaitable<T>): Awaitable<T> {
  return isPromise(done) ? done.then(next) : next();
}
