import type { RawVolume } from './engine/shadowvol.js';
import { buffer, type Extent, info, type ShadowCopyInfo } from './copy.js';
import { Driver } from './driver.js';
import { closed, mediumError, ShadowvolError } from './error.js';
import { load } from './load.js';
import { checkRange, type Media, whole } from './medium.js';
import { named, number } from './number.js';
import { Passive } from './passive.js';
import { Port } from './port.js';
import type { RawInfo } from './value.js';

/** What the diff area may take, and what happens when it is full. */
export interface SpaceOptions {
  /** The most bytes that the diff area may take; what its medium can hold if not given. */
  limit?: number;
  /** What a write does when it is full: it fails, or the oldest shadow copies go. */
  onFull?: 'fail' | 'drop-oldest';
  /**
   * What flushed writes and shadow copies survive: a loss of power, if the media's barriers do, or
   * no more than the death of the page or process.
   */
  durability?: 'durable' | 'coherent';
}

/** How a volume is made. */
export interface CreateOptions extends SpaceOptions {
  /** Bytes of a chunk, the unit of preservation: a power of two from 4096 to 1048576. */
  chunkSize?: number;
}

/** How the active role is taken; what is not given stays as it is. */
export type OpenOptions = SpaceOptions;

/** How a volume is reverted. */
export interface RevertOptions {
  /** Delete the shadow copies that are newer than the one reverted to. */
  dropNewer?: boolean;
  /** Hears the bytes brought to the origin, and all there are; pauses the revert by giving false. */
  onProgress?: (done: number, total: number) => boolean | void;
}

/** Something that happened to a volume without being anyone's error. */
export type VolumeEvent =
  /** Little room is left in the diff area: delete shadow copies or raise the limit. */
  | { readonly kind: 'low-space'; readonly free: number; readonly limit: number }
  /** The diff area was full, and these shadow copies were let go. */
  | { readonly kind: 'copies-dropped'; readonly copies: readonly number[] };

/** What a volume has done since it was opened, and the room in its diff area, in bytes. */
export interface VolumeStats {
  readonly copies: number;
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  /** Old bytes that were preserved in slots. */
  readonly preservedBytes: number;
  /** Old bytes that took no slot, because they were zeros. */
  readonly zeroBytes: number;
  /** Records in the journal. */
  readonly records: number;
  readonly journalBytes: number;
  readonly barriers: number;
  readonly compactions: number;
  /** The number of this holding of the active role. */
  readonly epoch: number;
  readonly tableChunks: number;
  readonly tableBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly limit: number;
  readonly capacity: number;
}

/** What the engine counts, in its order. */
const STATS = [
  'copies',
  'preservedBytes',
  'zeroBytes',
  'records',
  'journalBytes',
  'barriers',
  'compactions',
  'epoch',
  'tableChunks',
  'tableBytes',
  'usedBytes',
  'freeBytes',
  'limit',
  'capacity',
] as const;

/** Events that are kept when nobody takes them. */
const MOST_EVENTS = 1000;

/** @internal One copy of a set, in the making. */
export interface VolumeSide {
  /**
   * Takes the copy, unfinished, and gives its number. Before it holds the writes, and when they are held,
   * it waits for `pass`.
   */
  create(pass: () => Promise<void>): Promise<number>;
  /**
   * Lets the writes go on at once, unless the copy is being committed. The creation ends when it passes
   * its next gate.
   */
  release(): void;
  /** Describes the copy as finished. */
  finish(copy: number, isConsistent: boolean): Promise<void>;
}

/**
 * A live volume: the active node. Any number of requests may be under way at once.
 *
 * @example
 * const origin = new Memory(64 << 20);
 * const diff = new Memory();
 * const volume = await Volume.create({ origin, diff });
 * await volume.write(0, new TextEncoder().encode('first'));
 * const { id } = await volume.createShadowCopy('nightly');
 * await volume.write(0, new TextEncoder().encode('later'));
 *
 * const node = await Passive.open({ origin, diff });
 * const copy = await node.shadowCopy(id);
 * new TextDecoder().decode(await copy.read(0, 5)); // 'first'
 * await volume.close();
 */
export class Volume {
  readonly #driver: Driver;
  readonly #raw: RawVolume;
  #reader: Promise<Passive> | undefined;
  #closed = false;
  /** A caller was told that the role has ended. */
  #told = false;
  /** The chores are being done. */
  #working = false;
  /** A compaction found no room while the journal was so large: it is tried again when it is larger. */
  #tooLarge = 0;
  #events: VolumeEvent[] = [];
  #tally = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0 };

  private constructor(driver: Driver, raw: RawVolume) {
    this.#driver = driver;
    this.#raw = raw;
  }

  /**
   * Makes a diff area for an origin, which is adopted as it is, and opens the volume.
   *
   * @throws `medium-exists` when there is a diff area already.
   */
  static async create(media: Media, options: CreateOptions = {}): Promise<Volume> {
    const { chunkSize = 0, limit, onFull, durability } = checked(options);
    await load();
    const driver = new Driver(media, true);
    const [origin, diff] = await driver.sizes();
    await driver.run(driver.raw.peek(origin, diff)).then(exists, exists);
    const id = crypto.getRandomValues(new Uint8Array(16));
    const dropOldest = onFull === 'drop-oldest';
    await driver.run(driver.raw.format(id, origin, chunkSize, limit, dropOldest));
    return Volume.#take(driver, durability === 'coherent', {});
  }

  /**
   * Takes the active role of a volume. Another node that has it is fenced: it acknowledges nothing
   * more. Only the storage, or a lock of yours, keeps it from writing until it notices.
   */
  static async open(media: Media, options: OpenOptions = {}): Promise<Volume> {
    const { durability } = checked(options);
    await load();
    const driver = new Driver(media, true);
    const recorded = await driver.run(driver.raw.peek(...(await driver.sizes())));
    const coherent = durability === undefined ? recorded === true : durability === 'coherent';
    const volume = await Volume.#take(driver, coherent, options);
    await volume.#collect();
    return volume;
  }

  static async #take(driver: Driver, coherent: boolean, options: SpaceOptions): Promise<Volume> {
    const { limit, onFull } = options;
    const dropOldest = onFull === undefined ? undefined : onFull === 'drop-oldest';
    const sizes = await driver.sizes();
    const raw = await driver.run(driver.raw.takeRole(...sizes, coherent, limit, dropOldest));
    return new Volume(driver, raw as RawVolume);
  }

  /**
   * Deletes what a set has left behind whose page or process has died. Nobody but the holder of the
   * active role makes a copy, so one that is unfinished when the role is taken will never be finished.
   */
  async #collect(): Promise<void> {
    const orphans = this.shadowCopies().filter(({ unfinished }) => unfinished);
    if (orphans.length === 0) return;
    // One that cannot be deleted now is no reason not to open: it says that it is unfinished.
    await this.deleteShadowCopy(...orphans.map(({ id }) => id)).catch(() => {});
  }

  /** Bytes of the volume. */
  get size(): number {
    return this.#raw.size;
  }

  /** Bytes of a chunk, the unit of preservation. */
  get chunkSize(): number {
    return this.#raw.chunkSize;
  }

  /** Whether the volume was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The error that ended the active role, if it has ended. */
  get ended(): ShadowvolError | undefined {
    return this.#raw.ended as ShadowvolError | undefined;
  }

  /** The bytes from `offset` on. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = buffer(offset, length, this.size);
    await this.readInto(offset, bytes);
    return bytes;
  }

  /** Fills `buffer` with the bytes from `offset` on, and gives how many they are. */
  async readInto(offset: number, buffer: Uint8Array): Promise<number> {
    this.#checkOpen();
    checkRange(offset, buffer.length, this.#raw.size);
    this.#tally.reads++;
    this.#tally.readBytes += buffer.length;
    const { origin } = this.#driver;
    if (origin instanceof Port && !this.#raw.reverting()) {
      try {
        await origin.fill(offset, buffer);
      } catch (cause) {
        throw mediumError('origin', cause);
      }
      // Unless a revert has begun meanwhile, these are the volume's.
      if (!this.#raw.reverting()) return buffer.length;
    }
    const request = this.#raw.readInto(offset, buffer, buffer.length);
    // Media in memory answer at once.
    if (request !== 0) await this.#request(request);
    return buffer.length;
  }

  /**
   * Writes `data` from `offset` on, and gives how many bytes that were. Old bytes that a shadow copy
   * needs are preserved first. `data` is not copied: leave it alone until this is done.
   *
   * @throws `diff-area-full` when there is no room for old bytes: nothing was written then.
   */
  async write(offset: number, data: Uint8Array): Promise<number> {
    this.#checkOpen();
    this.#tally.writes++;
    this.#tally.writtenBytes += data.length;
    const request = this.#raw.write(whole('offset', offset), data, data.length);
    if (request !== 0) await this.#request(request);
    else this.#done();
    return data.length;
  }

  /** Makes a range read as zeros, and gives back its space where the medium can. */
  async discard(offset: number, length: number): Promise<void> {
    this.#checkOpen();
    this.#tally.writes++;
    await this.#request(this.#raw.discard(whole('offset', offset), whole('length', length)));
  }

  /** Ends when every write that ended before is as durable as the media are. */
  async flush(): Promise<void> {
    this.#checkOpen();
    const { ended } = this;
    if (ended) {
      this.#told = true;
      throw ended;
    }
    await this.#request(this.#raw.flush());
  }

  /** Takes a shadow copy: the volume as it is now. Writes under way are wholly in or wholly out. */
  async createShadowCopy(label = ''): Promise<ShadowCopyInfo> {
    this.#checkOpen();
    const created = new Date();
    const id = await this.#request(this.#raw.createShadowCopy(label, created.getTime()));
    return { id: id as number, label, created, unfinished: false };
  }

  /** The live shadow copies, the oldest first. */
  shadowCopies(): ShadowCopyInfo[] {
    this.#checkOpen();
    return (this.#raw.shadowCopies() as RawInfo[]).map(info);
  }

  /** Deletes shadow copies: all of them, or none if one cannot be deleted. */
  async deleteShadowCopy(...ids: number[]): Promise<void> {
    this.#checkOpen();
    await this.#request(this.#raw.deleteShadowCopies(Uint32Array.from(ids, number)));
  }

  /**
   * Reverts the volume to a shadow copy. It is right from the first moment; requests go on meanwhile.
   * A revert that was paused, or cut off by a crash, goes on with another call for the same copy.
   */
  async revert(id: number, { dropNewer = false, onProgress }: RevertOptions = {}): Promise<void> {
    this.#checkOpen();
    if (dropNewer) await this.#deleteNewer(id);
    this.#checkOpen();
    await this.#request(this.#raw.revert(number(id)));
    const total = this.#raw.unsettled();
    for (;;) {
      this.#checkOpen();
      if ((await this.#request(this.#raw.settle())) !== true) return;
      if (onProgress?.(total - this.#raw.unsettled(), total) === false) {
        const message = 'the revert was paused; revert to the same copy to go on with it';
        throw new ShadowvolError('cancelled', message);
      }
    }
  }

  /** The shadow copy that the volume is being reverted to, if a revert has begun and not ended. */
  get reverting(): number | undefined {
    return this.#raw.reverting() || undefined;
  }

  /** What may differ between a shadow copy and another one, or the volume now: whole chunks. */
  changes(since: number, until?: number): Extent[] {
    this.#checkOpen();
    const other = until === undefined ? undefined : number(until);
    return this.#driver.outcome(this.#raw.changes(number(since), other)) as Extent[];
  }

  /** A passive node on the volume's own media, to read its shadow copies with. */
  async reader(): Promise<Passive> {
    this.#checkOpen();
    this.#reader ??= Passive.on(this.#driver);
    return this.#reader;
  }

  /** @internal This volume's side of a set. */
  side(label: string, time: number, set: Uint8Array, copies: number): VolumeSide {
    const raw = this.#raw.side(label, time, set, copies);
    return {
      create: async (pass) => {
        this.#checkOpen();
        return (await this.#request(raw.create(), pass)) as number;
      },
      release: () => {
        raw.release();
        this.#driver.announce();
      },
      finish: async (copy, isConsistent) => {
        this.#checkOpen();
        await this.#request(raw.finish(copy, isConsistent));
      },
    };
  }

  /** Writes the journal anew, without what answers for nothing. Happens by itself when it pays. */
  async compact(): Promise<void> {
    this.#checkOpen();
    await this.#request(this.#raw.compact());
  }

  /** The events since the last call, the oldest first; the newest thousand are kept. */
  events(): VolumeEvent[] {
    this.#collectEvents();
    return this.#events.splice(0);
  }

  /** What the volume has done since it was opened, and the room in its diff area. */
  stats(): VolumeStats {
    return { ...named(STATS, this.#raw.stats()), ...this.#tally };
  }

  /** Flushes, and gives up the active role. Closing twice is fine. */
  async close(): Promise<void> {
    const reader = this.#reader;
    if (!this.#closed) {
      this.#closed = true;
      await this.#seal();
    }
    if (reader) (await reader).close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Deletes what is newer than a copy, if the volume can be reverted to that. */
  async #deleteNewer(id: number): Promise<void> {
    const ids = this.shadowCopies().map((copy) => copy.id);
    if (!ids.includes(id) || (this.reverting ?? id) !== id) return;
    const newer = ids.filter((other) => other > id);
    if (newer.length > 0) await this.deleteShadowCopy(...newer);
  }

  #checkOpen(): void {
    if (this.#closed) throw closed();
  }

  /** Drives a caller's request to its end. */
  async #request(request: number, gate?: () => Promise<void>): Promise<unknown> {
    try {
      return await this.#driver.run(request, gate);
    } catch (error) {
      this.#told ||= this.#raw.ended !== undefined;
      throw error;
    } finally {
      this.#done();
    }
  }

  /** A request has ended: whoever finds that there is something to do begins that. */
  #done(): void {
    this.#driver.announce();
    if (!this.#working && !this.#closed && this.#raw.hasChores(this.#tooLarge)) {
      this.#working = true;
      void this.#work();
    }
  }

  /** Does the chores, beside the requests. */
  async #work(): Promise<void> {
    const driver = this.#driver;
    await undefined;
    this.#collectEvents();
    while (this.#raw.sweep());
    // A barrier that failed has ended the role, of which the next request is told.
    await driver.run(this.#raw.growAhead()).catch(() => {});
    const journal = this.#raw.wantsCompaction();
    if (journal > this.#tooLarge) {
      const compacted = driver.run(this.#raw.compact());
      this.#tooLarge = await compacted.then(
        () => 0,
        () => journal,
      );
    }
    this.#collectEvents();
    this.#working = false;
    // Who closes the volume waits for this.
    driver.announce();
  }

  #collectEvents(): void {
    this.#events.push(...(this.#raw.events() as VolumeEvent[]));
    this.#events.splice(0, this.#events.length - MOST_EVENTS);
  }

  async #seal(): Promise<void> {
    const driver = this.#driver;
    await driver.until(() => this.#raw.closeToWrites());
    await driver.until(() => !this.#working);
    this.#collectEvents();
    const { ended } = this;
    if (ended && !this.#told) throw ended;
    if (ended) return;
    await driver.run(this.#raw.flush());
    await driver.run(this.#raw.seal());
  }
}

/** The options, if their numbers can be. */
function checked<T extends CreateOptions>(options: T): T {
  if (options.chunkSize !== undefined) whole('chunkSize', options.chunkSize);
  if (options.limit !== undefined) whole('limit', options.limit);
  return options;
}

/** Refuses to make a diff area where there is one, whole or damaged. */
function exists(found: unknown): void {
  const kind = found instanceof ShadowvolError ? found.kind : undefined;
  if (kind === 'not-a-diff-area') return;
  if (
    found instanceof Error &&
    !['corrupt', 'unknown-format', 'origin-size'].includes(kind ?? '')
  ) {
    throw found;
  }
  const message = "the diff area's medium already holds one; open the volume instead";
  throw new ShadowvolError('medium-exists', message);
}
