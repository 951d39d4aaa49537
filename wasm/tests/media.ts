/** Media for tests, as people would write them: at once, by promises, and with faults. */
import type { Medium } from 'shadowvol';

/** Bytes in an array, answering at once. */
export class Bytes implements Medium {
  bytes: Uint8Array;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }
  size(): number {
    return this.bytes.length;
  }
  readAt(offset: number, buffer: Uint8Array): void {
    this.check(offset, buffer.length);
    buffer.set(this.bytes.subarray(offset, offset + buffer.length));
  }
  writeAt(offset: number, data: Uint8Array): void {
    this.check(offset, data.length);
    this.bytes.set(data, offset);
  }
  barrier(): void {}
  grow(size: number): number {
    if (size > this.bytes.length) {
      const grown = new Uint8Array(size);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    return this.bytes.length;
  }
  private check(offset: number, length: number): void {
    if (offset + length > this.bytes.length) throw new RangeError('past the end');
  }
}

/** The same, which says that it keeps no buffer. */
export class DirectBytes extends Bytes {
  readonly direct = true;
}

/**
 * The same by promises that end in an order of their own. A read during a write may bring anything of
 * both: bytes land in two halves, at two moments.
 */
export class Promised implements Medium {
  readonly under: Bytes;
  /** Requests that have begun and not ended. */
  under_way = 0;
  most = 0;
  #random: () => number;
  constructor(size: number, random: () => number) {
    this.under = new Bytes(size);
    this.#random = random;
  }
  size(): Promise<number> {
    return this.#later(() => this.under.size());
  }
  async readAt(offset: number, buffer: Uint8Array): Promise<void> {
    const half = buffer.length >> 1;
    await this.#later(() => this.under.readAt(offset, buffer.subarray(0, half)));
    await this.#later(() => this.under.readAt(offset + half, buffer.subarray(half)));
  }
  async writeAt(offset: number, data: Uint8Array): Promise<void> {
    const half = data.length >> 1;
    await this.#later(() => this.under.writeAt(offset + half, data.subarray(half)));
    await this.#later(() => this.under.writeAt(offset, data.subarray(0, half)));
  }
  barrier(): Promise<void> {
    return this.#later(() => this.under.barrier());
  }
  grow(size: number): Promise<number> {
    return this.#later(() => this.under.grow(size));
  }
  async #later<T>(work: () => T): Promise<T> {
    this.most = Math.max(this.most, ++this.under_way);
    try {
      for (let turns = this.#random() * 4; turns > 0; turns--) await undefined;
      return work();
    } finally {
      this.under_way--;
    }
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many bytes of this number. */
export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}
