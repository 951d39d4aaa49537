import type { RawPassive } from './engine/shadowvol.js';
import { type Extent, ShadowCopy } from './copy.js';
import { Driver } from './driver.js';
import { closed, ShadowvolError } from './error.js';
import { load } from './load.js';
import { type Media, type ReadableMedium, whole } from './medium.js';
import { named, number } from './number.js';
import type { RawInfo } from './value.js';

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

/** What the engine counts, in its order. */
const STATS = [
  'copies',
  'reads',
  'tailReads',
  'records',
  'redirectedChunks',
  'redirectedReads',
  'restarts',
  'reloads',
  'epoch',
  'tableChunks',
  'tableBytes',
] as const;

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
  readonly #driver: Driver;
  readonly #raw: RawPassive;
  #closed = false;
  #readBytes = 0;
  #gone = 0;

  private constructor(driver: Driver, raw: RawPassive) {
    this.#driver = driver;
    this.#raw = raw;
  }

  /** Opens the shadow copies of a volume. */
  static async open(media: Media<ReadableMedium>): Promise<Passive> {
    await load();
    const driver = new Driver(media, false);
    await driver.run(driver.raw.peek(...(await driver.sizes())));
    return Passive.on(driver);
  }

  /** @internal A node on media that are known to belong together. */
  static async on(driver: Driver): Promise<Passive> {
    return new Passive(driver, (await driver.run(driver.raw.load())) as RawPassive);
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
    return this.#closed;
  }

  /** The live shadow copies, the oldest first, as the journal has them now. */
  async shadowCopies(): Promise<ShadowCopy[]> {
    await this.#catchUp();
    const copies = this.#raw.shadowCopies() as RawInfo[];
    return copies.map((copy) => new ShadowCopy(this, copy));
  }

  /**
   * The shadow copy with this number, as the journal has it now.
   *
   * @throws `gone` when it was deleted, `no-such-copy` when it was never taken.
   */
  async shadowCopy(id: number): Promise<ShadowCopy> {
    return (await this.#find(number(id))) as ShadowCopy;
  }

  /** The newest shadow copy, as the journal has it now; one that is unfinished does not count. */
  async newest(): Promise<ShadowCopy | undefined> {
    return this.#find(0);
  }

  async #find(id: number): Promise<ShadowCopy | undefined> {
    await this.#catchUp();
    const copy = this.#driver.outcome(this.#raw.shadowCopy(id)) as RawInfo | undefined;
    return copy && new ShadowCopy(this, copy);
  }

  /** What may differ between two shadow copies: whole chunks, in order. */
  async changes(since: number, until: number): Promise<Extent[]> {
    await this.#catchUp();
    return this.#driver.outcome(this.#raw.changes(number(since), number(until))) as Extent[];
  }

  /** What the node has done since it was opened. */
  stats(): PassiveStats {
    const counted = named(STATS, this.#raw.stats());
    return { ...counted, readBytes: this.#readBytes, gone: this.#gone };
  }

  /** @internal Fills a buffer with the bytes of a copy. */
  async readCopy(id: number, time: bigint, offset: number, buffer: Uint8Array): Promise<number> {
    if (this.#closed) throw closed();
    const { length } = buffer;
    const request = this.#raw.readInto(id, time, whole('offset', offset), buffer, length);
    // Media in memory answer at once.
    if (request !== 0) await this.#driver.run(request).catch((error: unknown) => this.#note(error));
    else this.#driver.announce();
    this.#readBytes += length;
    return length;
  }

  #note(error: unknown): never {
    if (error instanceof ShadowvolError && error.kind === 'gone') this.#gone++;
    throw error;
  }

  async #catchUp(): Promise<void> {
    if (this.#closed) throw closed();
    await this.#driver.run(this.#raw.catchUp());
  }

  /** Closes the node; its shadow copies cannot be read any more. */
  close(): void {
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
