import { RawOptions, type RawPassive, type RawSide, RawVolume } from './engine/shadowvol.js';
import { buffer, type Extent, info, type RawInfo, type ShadowCopyInfo } from './copy.js';
import { ShadowvolError } from './error.js';
import { load } from './load.js';
import { type Media, raw, whole } from './medium.js';
import { number, Passive } from './passive.js';

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
  readonly #raw: RawVolume;
  #reader: Promise<Passive> | undefined;

  private constructor(raw: RawVolume) {
    this.#raw = raw;
  }

  /**
   * Makes a diff area for an origin, which is adopted as it is, and opens the volume.
   *
   * @throws `medium-exists` when there is a diff area already.
   */
  static async create(media: Media, options: CreateOptions = {}): Promise<Volume> {
    const { chunkSize = 0 } = options;
    whole('chunkSize', chunkSize);
    await load();
    const asked = space(options);
    asked.chunk = chunkSize;
    const id = crypto.getRandomValues(new Uint8Array(16));
    const origin = raw(media.origin, 'origin', true);
    const diff = raw(media.diff, 'diff area', true);
    return new Volume((await RawVolume.create(origin, diff, id, asked)) as RawVolume);
  }

  /**
   * Takes the active role of a volume. Another node that has it is fenced: it acknowledges nothing
   * more. Only the storage, or a lock of yours, keeps it from writing until it notices.
   */
  static async open(media: Media, options: OpenOptions = {}): Promise<Volume> {
    await load();
    const origin = raw(media.origin, 'origin', true);
    const diff = raw(media.diff, 'diff area', true);
    const volume = new Volume((await RawVolume.open(origin, diff, space(options))) as RawVolume);
    await volume.#collect();
    return volume;
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
    return this.#raw.closed;
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
    // Media in memory answer at once.
    const pending: unknown = this.#raw.readInto(whole('offset', offset), buffer, buffer.length);
    if (pending !== undefined) await pending;
    return buffer.length;
  }

  /**
   * Writes `data` from `offset` on, and gives how many bytes that were. Old bytes that a shadow copy
   * needs are preserved first. `data` is not copied: leave it alone until this is done.
   *
   * @throws `diff-area-full` when there is no room for old bytes: nothing was written then.
   */
  async write(offset: number, data: Uint8Array): Promise<number> {
    const pending: unknown = this.#raw.write(whole('offset', offset), data, data.length);
    if (pending !== undefined) await pending;
    return data.length;
  }

  /** Makes a range read as zeros, and gives back its space where the medium can. */
  async discard(offset: number, length: number): Promise<void> {
    await this.#raw.discard(whole('offset', offset), whole('length', length));
  }

  /** Ends when every write that ended before is as durable as the media are. */
  async flush(): Promise<void> {
    await this.#raw.flush();
  }

  /** Takes a shadow copy: the volume as it is now. Writes under way are wholly in or wholly out. */
  async createShadowCopy(label = ''): Promise<ShadowCopyInfo> {
    return info((await this.#raw.createShadowCopy(label)) as RawInfo);
  }

  /** The live shadow copies, the oldest first. */
  shadowCopies(): ShadowCopyInfo[] {
    return (this.#raw.shadowCopies() as RawInfo[]).map(info);
  }

  /** Deletes shadow copies: all of them, or none if one cannot be deleted. */
  async deleteShadowCopy(...ids: number[]): Promise<void> {
    await this.#raw.deleteShadowCopies(Uint32Array.from(ids, number));
  }

  /**
   * Reverts the volume to a shadow copy. It is right from the first moment; requests go on meanwhile.
   * A revert that was paused, or cut off by a crash, goes on with another call for the same copy.
   */
  async revert(id: number, { dropNewer = false, onProgress }: RevertOptions = {}): Promise<void> {
    await this.#raw.revert(number(id), dropNewer, onProgress);
  }

  /** The shadow copy that the volume is being reverted to, if a revert has begun and not ended. */
  get reverting(): number | undefined {
    return this.#raw.reverting() || undefined;
  }

  /** What may differ between a shadow copy and another one, or the volume now: whole chunks. */
  changes(since: number, until?: number): Extent[] {
    const other = until === undefined ? undefined : number(until);
    return this.#raw.changes(number(since), other) as Extent[];
  }

  /** A passive node on the volume's own media, to read its shadow copies with. */
  async reader(): Promise<Passive> {
    this.#reader ??= this.#open();
    return this.#reader;
  }

  async #open(): Promise<Passive> {
    return new Passive((await this.#raw.reader()) as RawPassive);
  }

  /** @internal This volume's side of a set. */
  side(label: string, time: number, set: Uint8Array, copies: number): RawSide {
    return this.#raw.side(label, time, set, copies);
  }

  /** Writes the journal anew, without what answers for nothing. Happens by itself when it pays. */
  async compact(): Promise<void> {
    await this.#raw.compact();
  }

  /** The events since the last call, the oldest first; the newest thousand are kept. */
  events(): VolumeEvent[] {
    return this.#raw.events() as VolumeEvent[];
  }

  /** What the volume has done since it was opened, and the room in its diff area. */
  stats(): VolumeStats {
    return this.#raw.stats() as VolumeStats;
  }

  /** Flushes, and gives up the active role. Closing twice is fine. */
  async close(): Promise<void> {
    const reader = this.#reader;
    await this.#raw.close();
    if (reader) (await reader).close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function space({ limit, onFull, durability }: SpaceOptions): RawOptions {
  const options = new RawOptions();
  if (limit !== undefined) options.limit = whole('limit', limit);
  if (onFull !== undefined) options.dropOldest = onFull === 'drop-oldest';
  if (durability !== undefined) options.coherent = durability === 'coherent';
  return options;
}
