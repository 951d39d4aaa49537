import type { Files, FilesOptions } from './files.js';
import { checkRange } from './medium.js';
import type { Passive } from './passive.js';
import type { RawInfo } from './value.js';

/** What is known of a shadow copy. */
export interface ShadowCopyInfo {
  /** Its number; no other copy of the volume ever gets it. */
  readonly id: number;
  /** What whoever took it has called it. */
  readonly label: string;
  /** When it was taken. */
  readonly created: Date;
  /** Whether it is in the making, as part of a set: nobody but its maker may use it. */
  readonly unfinished: boolean;
}

/** A range of bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Which bytes of a copy are streamed: all of them, if nothing else is said. */
export interface StreamOptions {
  offset?: number;
  length?: number;
  /** Bytes read at once. */
  piece?: number;
}

/** @internal */
export function info({ id, label, time, unfinished }: RawInfo): ShadowCopyInfo {
  return { id, label, created: new Date(Number(time) / 1e6), unfinished };
}

/** @internal A buffer for a request, if that lies within so many bytes. */
export function buffer(offset: number, length: number, size: number): Uint8Array<ArrayBuffer> {
  checkRange(offset, length, size);
  return new Uint8Array(length);
}

/** A shadow copy: the volume as it was at one instant. It is a constant until it is deleted. */
export class ShadowCopy implements ShadowCopyInfo {
  readonly id: number;
  readonly label: string;
  readonly created: Date;
  readonly unfinished: boolean;
  /** Bytes of the volume. */
  readonly size: number;
  readonly #node: Passive;
  /** It tells two copies of one number apart. */
  readonly #time: bigint;

  /** @internal */
  constructor(node: Passive, raw: RawInfo) {
    const { id, label, created, unfinished } = info(raw);
    this.id = id;
    this.label = label;
    this.created = created;
    this.unfinished = unfinished;
    this.size = node.size;
    this.#node = node;
    this.#time = raw.time;
  }

  /**
   * The bytes from `offset` on, as they were.
   *
   * @throws `gone` when the copy was deleted before the bytes were known to be right.
   */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = buffer(offset, length, this.size);
    await this.readInto(offset, bytes);
    return bytes;
  }

  /** Fills `buffer` with the bytes from `offset` on, and gives how many they are. */
  readInto(offset: number, buffer: Uint8Array): Promise<number> {
    return this.#node.readCopy(this.id, this.#time, offset, buffer);
  }

  /**
   * The files of an ext4 file system inside the copy. Their reader is a module of its own, which is
   * loaded now.
   *
   * @throws `not-a-file-system`, `unsupported-file-system`, `file-system-damaged`, `gone`.
   */
  async files(options?: FilesOptions): Promise<Files> {
    const { Files } = await import('./files.js');
    return Files.open(this, options);
  }

  /** The whole copy, or a part of it, in pieces of at most `piece` bytes. */
  async *stream({ offset = 0, length, piece = 1 << 20 }: StreamOptions = {}): AsyncGenerator<
    Uint8Array<ArrayBuffer>
  > {
    const end = length === undefined ? this.size : offset + length;
    for (let at = offset; at < end; at += piece) {
      yield await this.read(at, Math.min(piece, end - at));
    }
  }
}
