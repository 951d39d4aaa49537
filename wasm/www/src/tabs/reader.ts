/** The passive node of a tab: it reads shadow copies, and compares every sector with the truth. */
import { Passive, type ShadowCopy, ShadowvolError } from 'shadowvol';

import type { Files } from './files.ts';
import type { Reading } from './news.ts';
import {
  BLOCK,
  BLOCKS,
  MANIFEST_BLOCKS,
  MANIFEST_BYTES,
  SECTOR,
  truthOf,
  writeOf,
} from './sectors.ts';
import { random, type Traces } from './traces.ts';

/** Blocks of a read at most. */
const MOST_BLOCKS = 32;
/** Reads of a copy before another one is taken. */
const EACH = 24;

export class Reader {
  readonly #node: Passive;
  readonly #close: () => void;
  readonly #traces: Traces;
  #copies: readonly number[] = [];
  #copy: ShadowCopy | undefined;
  #truth: Uint32Array | undefined;
  #left = 0;
  #verified = 0;
  #bytes = 0;
  #wrong = 0;
  #evidence: string | undefined;

  private constructor(node: Passive, close: () => void, traces: Traces) {
    this.#node = node;
    this.#close = close;
    this.#traces = traces;
  }

  /** Opens the copies of the volume; fails while there is none. */
  static async begin(files: Files, traces: Traces): Promise<Reader> {
    const { media, close } = await files.media();
    try {
      return new Reader(await Passive.open(media), close, traces);
    } catch (error) {
      close();
      throw error;
    }
  }

  /** A read, compared; false if there is nothing to read. */
  async work(): Promise<boolean> {
    try {
      if (this.#left === 0 && !(await this.#choose())) return false;
      this.#left--;
      await this.#read();
    } catch (error) {
      // Deleted meanwhile, and told so: that is an answer, too.
      if (!(error instanceof ShadowvolError) || error.kind !== 'gone') throw error;
      this.#left = 0;
    }
    return true;
  }

  close(): void {
    this.#node.close();
    this.#close();
  }

  get epoch(): number {
    return this.#node.stats().epoch;
  }

  report(): Reading {
    const { redirectedReads, restarts, tailReads, gone } = this.#node.stats();
    return {
      verified: this.#verified,
      bytes: this.#bytes,
      redirected: redirectedReads,
      restarts,
      looks: tailReads,
      gone,
      wrong: this.#wrong,
      copies: this.#copies,
      evidence: this.#evidence,
    };
  }

  /** Takes one of the copies, and reads what it says of itself. */
  async #choose(): Promise<boolean> {
    const copies = await this.#node.shadowCopies();
    this.#copies = copies.map(({ id }) => id);
    const copy = copies[random(copies.length)];
    if (!copy) return false;
    this.#copy = copy;
    this.#truth = truthOf(await copy.read(0, MANIFEST_BYTES));
    this.#left = EACH;
    if (this.#truth) this.#right(MANIFEST_BYTES);
    else this.#accuse(`copy ${copy.id}: its manifest is not whole`);
    return true;
  }

  async #read(): Promise<void> {
    const [copy, truth] = [this.#copy, this.#truth];
    if (!copy || !truth) return;
    const count = 1 + random(MOST_BLOCKS);
    const block = MANIFEST_BLOCKS + random(BLOCKS - MANIFEST_BLOCKS - count + 1);
    const begun = performance.now();
    const bytes = await copy.read(block * BLOCK, count * BLOCK);
    this.#traces.add(begun, block, count);
    for (let at = 0; at < bytes.length; at += SECTOR) {
      const sector = (block * BLOCK + at) / SECTOR;
      const found = writeOf(bytes, at, sector);
      const expected = truth[Math.floor((sector * SECTOR) / BLOCK)];
      if (found === expected) continue;
      const what = found === undefined ? 'torn bytes' : `write ${found}`;
      this.#accuse(`copy ${copy.id}, sector ${sector}: ${what} instead of write ${expected}`);
      return;
    }
    this.#right(bytes.length);
  }

  #right(bytes: number): void {
    this.#verified++;
    this.#bytes += bytes;
  }

  #accuse(evidence: string): void {
    this.#wrong++;
    this.#evidence ??= evidence;
  }
}
