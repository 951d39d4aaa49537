/** What a node did lately: how long it took, and where. */

/** Durations that are kept. */
const MOST = 2000;

export class Traces {
  readonly #took: number[] = [];
  #touched: number[] = [];

  /** Something that began then has been done to these blocks. */
  add(begun: number, block: number, count: number): void {
    this.#took.push(Math.round((performance.now() - begun) * 1000));
    if (this.#took.length > MOST * 2) this.#took.splice(0, MOST);
    for (let nth = block; nth < block + count; nth++) this.#touched.push(nth);
  }

  get took(): readonly number[] {
    return this.#took.slice(-MOST);
  }

  /** Blocks since the last time that somebody asked. */
  touched(): Uint16Array {
    const touched = Uint16Array.from(this.#touched);
    this.#touched = [];
    return touched;
  }
}

/** A whole number from 0 on, less than this one. */
export function random(below: number): number {
  return Math.floor(Math.random() * below);
}
