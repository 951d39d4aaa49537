/**
 * The files of an ext4 file system inside a shadow copy, or inside anything else that has bytes. A
 * module of its own, `shadowvol/files`, so that who needs no files does not load it.
 */
import { type ErrorKind, ShadowvolError } from './error.js';
import init, { RawFiles, type RawNode } from './files/shadowvol.js';
import { Module, type Source } from './module.js';
import type { Awaitable } from './medium.js';

/** What has bytes that do not change meanwhile: a `ShadowCopy`, for one. */
export interface FilesSource {
  /** How many bytes there are. */
  readonly size: number;
  read(offset: number, length: number): Awaitable<Uint8Array>;
}

/** What a file is. */
export type FileKind =
  'file' | 'directory' | 'link' | 'block-device' | 'character-device' | 'fifo' | 'socket';

/** What is known of a file. */
export interface FileFacts {
  readonly kind: FileKind;
  readonly size: number;
  /** The lower twelve bits of its mode. */
  readonly permissions: number;
  /** When its bytes were last changed. */
  readonly modified: Date;
  /** Its number in the file system. */
  readonly inode: number;
}

/** A name in a directory, with what is known of its file. */
export interface FileEntry extends FileFacts {
  /** The name, with signs of their own for what is not UTF-8. */
  readonly name: string;
  /** The name as it is. */
  readonly bytes: Uint8Array;
}

/** A path from the file system's root. Names that are not UTF-8 can be given as bytes. */
export type FilePath = string | Uint8Array;

/** Where the file system begins: the first byte of a partition, if there are such. */
export interface FilesOptions {
  offset?: number;
}

/** Which bytes of a file are read: all of them, if nothing else is said. */
export interface FileRange {
  offset?: number;
  length?: number;
}

/** Bytes that lie side by side; zeros that lie nowhere have no `place`. */
export interface FilePiece {
  /** Where they are in the source. */
  readonly place?: number;
  readonly length: number;
}

const KINDS: readonly FileKind[] = [
  'file',
  'directory',
  'link',
  'block-device',
  'character-device',
  'fifo',
  'socket',
];

const module = new Module(init, new URL('./files/shadowvol_bg.wasm', import.meta.url));

/** Loads the module, from somewhere else or earlier than {@link Files.open} does. */
export async function load(source?: Source): Promise<void> {
  await module.load(source);
}

/**
 * The files inside a shadow copy. Nothing is mounted, and only what is asked for is read. Symbolic
 * links lead to files inside. A journal that was not replayed is replayed in memory.
 *
 * @example
 * const files = await Files.open(copy);
 * for (const { name, size } of await files.list('/etc')) console.log(name, size);
 * const hosts = await files.text('/etc/hosts');
 */
export class Files {
  readonly #raw: RawFiles;
  readonly #source: FilesSource;
  readonly #offset: number;

  private constructor(source: FilesSource, offset: number) {
    this.#raw = new RawFiles(source.size - offset);
    this.#source = source;
    this.#offset = offset;
  }

  /**
   * The files of the file system that begins `offset` bytes behind the first one.
   *
   * @throws `not-a-file-system`, `unsupported-file-system`, `file-system-damaged`, and what the
   *   source throws.
   */
  static async open(source: FilesSource, { offset = 0 }: FilesOptions = {}): Promise<Files> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > source.size) {
      const message = `offset ${offset}: give whole bytes, up to the ${source.size} that there are`;
      throw new ShadowvolError('out-of-range', message, { offset, size: source.size });
    }
    await load();
    const files = new Files(source, offset);
    await files.#ask((raw) => raw.open());
    return files;
  }

  /** The file system's name; empty if it has none. */
  get label(): string {
    return text(this.#raw.label);
  }

  /** Blocks whose newest bytes are read from the journal: 0 if the file system was at rest. */
  get replayed(): number {
    return this.#raw.replayed;
  }

  /** The names in a directory, sorted, each with what is known of its file. */
  async list(path: FilePath = '/'): Promise<FileEntry[]> {
    const listed = await this.#at(path, true, (raw, directory) => raw.list(directory));
    const entries: FileEntry[] = [];
    for (let nth = 0; nth < listed.length; nth += 2) {
      const [bytes, number] = [listed[nth] as Uint8Array, listed[nth + 1] as number];
      const known = facts(await this.#ask((raw) => raw.node(number), path));
      entries.push({ name: text(bytes), bytes, ...known });
    }
    return entries.sort((one, other) => compare(one.name, other.name));
  }

  /** What is known of a file, or of a symbolic link itself. */
  async stat(path: FilePath, { follow = true }: { follow?: boolean } = {}): Promise<FileFacts> {
    return facts(await this.#find(path, follow));
  }

  /** Whether there is such a file; a symbolic link that leads nowhere is none. */
  async exists(path: FilePath): Promise<boolean> {
    const none: readonly ErrorKind[] = ['no-such-file', 'not-a-directory', 'bad-file'];
    try {
      await this.stat(path);
      return true;
    } catch (error) {
      if (error instanceof ShadowvolError && none.includes(error.kind)) return false;
      throw error;
    }
  }

  /** What a symbolic link has in it. */
  async readLink(path: FilePath): Promise<string> {
    return text(await this.#at(path, false, (raw, link) => raw.target(link)));
  }

  /** The bytes of a file. */
  async read(path: FilePath, range: FileRange = {}): Promise<Uint8Array<ArrayBuffer>> {
    const pieces = await this.pieces(path, range);
    const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    await Promise.all(
      pieces.map(async ({ place, length }) => {
        const start = at;
        at += length;
        if (place !== undefined) whole.set(await this.#read(place, length), start);
      }),
    );
    return whole;
  }

  /** The text of a file in UTF-8, with signs of their own for what is none. */
  async text(path: FilePath): Promise<string> {
    return text(await this.read(path));
  }

  /** Where the bytes of a file are in the source, in order. */
  async pieces(path: FilePath, { offset = 0, length }: FileRange = {}): Promise<FilePiece[]> {
    const told = await this.#at(path, true, (raw, file) =>
      raw.pieces(file, offset, length ?? Math.max(0, file.size - offset)),
    );
    return Array.from({ length: told.length / 2 }, (_, nth) => {
      const [place = -1, length = 0] = told.subarray(nth * 2);
      return place < 0 ? { length } : { place: place + this.#offset, length };
    });
  }

  /** Lets go of what it holds. */
  close(): void {
    this.#raw.free();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Does a request about the file at a path. */
  async #at<T>(
    path: FilePath,
    follow: boolean,
    request: (raw: RawFiles, node: RawNode) => T | undefined,
  ): Promise<T> {
    const node = await this.#find(path, follow);
    try {
      return await this.#ask((raw) => request(raw, node), path);
    } finally {
      node.free();
    }
  }

  #find(path: FilePath, follow: boolean): Promise<RawNode> {
    const bytes = typeof path === 'string' ? new TextEncoder().encode(path) : path;
    return this.#ask((raw) => raw.find(bytes, follow), path);
  }

  /** Does a request again and again, until no block that it needs is missing. */
  async #ask<T>(request: (raw: RawFiles) => T | undefined, path?: FilePath): Promise<T> {
    this.#raw.begin();
    for (;;) {
      const answer = named(path, () => request(this.#raw));
      if (answer !== undefined) return answer;
      const at = this.#raw.missing;
      if (at === undefined) {
        throw new ShadowvolError('file-system-damaged', 'the file system reaches past the end');
      }
      this.#raw.bring(at, await this.#read(at + this.#offset, this.#raw.lengthAt(at)));
    }
  }

  async #read(place: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#source.read(place, length);
    if (bytes.length === length) return bytes;
    const message = `the source gave ${bytes.length} bytes instead of ${length}`;
    throw new ShadowvolError('medium-error', message, { offset: place, length });
  }
}

/** An error of a request says which file it is about. */
function named<T>(path: FilePath | undefined, request: () => T): T {
  try {
    return request();
  } catch (error) {
    if (path === undefined || !(error instanceof ShadowvolError)) throw error;
    const name = typeof path === 'string' ? path : text(path);
    throw new ShadowvolError(error.kind, `${name}: ${error.message}`, error.facts);
  }
}

/** What a node says of itself; it is let go of. */
function facts(node: RawNode): FileFacts {
  const { kind, size, permissions, modified, number } = node;
  node.free();
  const named = KINDS[kind] ?? 'file';
  return { kind: named, size, permissions, modified: new Date(modified), inode: number };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** By the numbers of letters, so that the order is everywhere the same. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
