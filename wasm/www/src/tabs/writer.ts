/** The active node of a tab: it writes all the time, and takes shadow copies. */
import type { Held } from './files.ts';
import type { Writing } from './news.ts';
import { BLOCK, BLOCKS, fill, MANIFEST_BLOCKS, manifestOf, SECTOR, writeOf } from './sectors.ts';
import { random, type Traces } from './traces.ts';

/** Blocks of a write at most. */
const MOST_BLOCKS = 16;
/** Shadow copies that are kept. */
const KEPT = 4;
/** Writes between two shadow copies. */
const BETWEEN = 60;

export class Writer {
  readonly #held: Held;
  readonly #traces: Traces;
  /** The write that each block is of. */
  readonly #truth: Uint32Array;
  readonly #mended: number;
  #next: number;
  #taken = 0;
  #writes = 0;
  #bytes = 0;

  private constructor(held: Held, traces: Traces, truth: Uint32Array, mended: number) {
    this.#held = held;
    this.#traces = traces;
    this.#truth = truth;
    this.#mended = mended;
    this.#next = truth.reduce((most, write) => Math.max(most, write), 0) + 1;
  }

  /** Looks at the whole volume: what is on it says itself what it is. */
  static async begin(held: Held, traces: Traces): Promise<Writer> {
    const truth = new Uint32Array(BLOCKS);
    const torn: number[] = [];
    for (let block = MANIFEST_BLOCKS; block < BLOCKS; block += MOST_BLOCKS) {
      const count = Math.min(MOST_BLOCKS, BLOCKS - block);
      const bytes = await held.volume.read(block * BLOCK, count * BLOCK);
      for (let nth = 0; nth < count; nth++) {
        const write = blockOf(bytes, nth, block + nth);
        truth[block + nth] = write ?? 0;
        if (write === undefined) torn.push(block + nth);
      }
    }
    const writer = new Writer(held, traces, truth, torn.length);
    for (const block of torn) await writer.#write(block, 1);
    return writer;
  }

  /** Some writes, and a shadow copy now and then. */
  async work(): Promise<void> {
    for (let nth = 0; nth < 4; nth++) {
      const count = 1 + random(MOST_BLOCKS);
      await this.#write(MANIFEST_BLOCKS + random(BLOCKS - MANIFEST_BLOCKS - count + 1), count);
    }
    if (this.#writes / BETWEEN >= this.#taken) await this.#copy();
  }

  async close(): Promise<void> {
    await this.#held.volume.close();
    this.#held.close();
  }

  get epoch(): number {
    return this.#held.volume.stats().epoch;
  }

  report(): Writing {
    const { volume } = this.#held;
    const stats = volume.stats();
    return {
      writes: this.#writes,
      bytes: this.#bytes,
      preserved: stats.preservedBytes,
      copiesTaken: this.#taken,
      copies: volume.shadowCopies().map(({ id }) => id),
      records: stats.records,
      barriers: stats.barriers,
      compactions: stats.compactions,
      mended: this.#mended,
    };
  }

  async #write(block: number, count: number): Promise<void> {
    const bytes = new Uint8Array(count * BLOCK);
    const write = this.#next++;
    fill(bytes, block, write);
    const begun = performance.now();
    await this.#held.volume.write(block * BLOCK, bytes);
    this.#traces.add(begun, block, count);
    this.#truth.fill(write, block, block + count);
    this.#writes++;
    this.#bytes += bytes.length;
  }

  /** No write is under way: what the manifest says is what the copy holds. */
  async #copy(): Promise<void> {
    const { volume } = this.#held;
    await volume.write(0, manifestOf(this.#truth, this.#taken));
    await volume.createShadowCopy();
    this.#taken++;
    const old = volume.shadowCopies().slice(0, -KEPT);
    if (old.length > 0) await volume.deleteShadowCopy(...old.map(({ id }) => id));
  }
}

/** The write that a block is of, unless the last holder has left it half written. */
function blockOf(bytes: Uint8Array<ArrayBuffer>, nth: number, block: number): number | undefined {
  let found: number | undefined;
  for (let sector = 0; sector < BLOCK / SECTOR; sector++) {
    const at = nth * BLOCK + sector * SECTOR;
    const write = writeOf(bytes, at, (block * BLOCK) / SECTOR + sector);
    if (write === undefined || (found !== undefined && write !== found)) return undefined;
    found = write;
  }
  return found;
}
