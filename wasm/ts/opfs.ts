import { ShadowvolError } from './error.js';
import type { Medium, ReadableMedium } from './medium.js';

/** How a handle is shared: with others of its kind, as Chromium can, or with nobody. */
export type OpfsSharing = 'shared' | 'exclusive';

interface SyncAccessHandle {
  readonly mode?: string;
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface SyncFile {
  createSyncAccessHandle(options?: { mode: string }): Promise<SyncAccessHandle>;
}

/**
 * A file of the origin private file system, open to read and write, in a dedicated worker. It answers
 * at once.
 *
 * Where the browser lets handles coexist (Chromium) it is opened so, and passives in other workers and
 * tabs may have handles, too; writes are visible to them at once. Elsewhere (Firefox) the handle is
 * exclusive, and others read with {@link OpfsFile}. {@link sharing} says which it is.
 *
 * @example
 * const root = await navigator.storage.getDirectory();
 * const origin = await OpfsMedium.open(root, 'disk.img', { size: 64 << 20 });
 * const diff = await OpfsMedium.open(root, 'disk.img.diff', { size: 0 });
 * const volume = await Volume.create({ origin, diff });
 */
export class OpfsMedium implements Medium {
  readonly direct = true;
  /** Whether other handles can be open beside this one. */
  readonly sharing: OpfsSharing;
  readonly #handle: SyncAccessHandle;

  private constructor(handle: SyncAccessHandle) {
    this.#handle = handle;
    this.sharing = handle.mode === 'readwrite-unsafe' ? 'shared' : 'exclusive';
  }

  /**
   * Opens a file; with a `size`, makes it if it is not there, and makes it so large at least.
   *
   * @throws `role-taken` when somebody has a handle that does not coexist with this one.
   */
  static async open(
    folder: FileSystemDirectoryHandle,
    name: string,
    { size }: { size?: number } = {},
  ): Promise<OpfsMedium> {
    const file = await find(folder, name, size !== undefined);
    if (!('createSyncAccessHandle' in file)) {
      throw new ShadowvolError(
        'bad-medium',
        'open it in a dedicated worker: only there are such handles',
      );
    }
    const open = file as unknown as SyncFile;
    try {
      const medium = new OpfsMedium(
        await open.createSyncAccessHandle({ mode: 'readwrite-unsafe' }),
      );
      if (size !== undefined) medium.grow(size);
      return medium;
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NoModificationAllowedError')
        throw error;
      throw new ShadowvolError('role-taken', `${name} is open elsewhere`, {}, error);
    }
  }

  size(): number {
    return this.#handle.getSize();
  }

  readAt(offset: number, buffer: Uint8Array): void {
    const read = this.#handle.read(buffer, { at: offset });
    if (read !== buffer.length) throw short('read', read, buffer.length, offset);
  }

  writeAt(offset: number, data: Uint8Array): void {
    const written = this.#handle.write(data, { at: offset });
    if (written !== data.length) throw short('wrote', written, data.length, offset);
  }

  barrier(): void {
    this.#handle.flush();
  }

  grow(size: number): number {
    if (size > this.#handle.getSize()) this.#handle.truncate(size);
    return this.#handle.getSize();
  }

  /** Closes the handle, so that others can open the file. */
  close(): void {
    this.#handle.close();
  }
}

/**
 * A file of the origin private file system, to read only, anywhere: beside a handle that is exclusive,
 * and in pages. Each read takes a new snapshot of the file, since one that is kept dies at the next
 * write.
 */
export class OpfsFile implements ReadableMedium {
  readonly #file: FileSystemFileHandle;

  private constructor(file: FileSystemFileHandle) {
    this.#file = file;
  }

  /** Opens a file that is there. */
  static async open(folder: FileSystemDirectoryHandle, name: string): Promise<OpfsFile> {
    return new OpfsFile(await find(folder, name, false));
  }

  async size(): Promise<number> {
    return (await this.#file.getFile()).size;
  }

  async readAt(offset: number, buffer: Uint8Array): Promise<void> {
    let tries = 20;
    for (;;) {
      try {
        const file = await this.#file.getFile();
        const bytes = await file.slice(offset, offset + buffer.length).arrayBuffer();
        if (bytes.byteLength !== buffer.length) {
          throw short('read', bytes.byteLength, buffer.length, offset);
        }
        buffer.set(new Uint8Array(bytes));
        return;
      } catch (error) {
        // The file was written between the snapshot and the read.
        const again = error instanceof DOMException && error.name === 'NotReadableError';
        if (!again || --tries === 0) throw error;
      }
    }
  }
}

async function find(
  folder: FileSystemDirectoryHandle,
  name: string,
  create: boolean,
): Promise<FileSystemFileHandle> {
  try {
    return await folder.getFileHandle(name, { create });
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
    throw new ShadowvolError('missing-medium', `there is no file ${name}`, {}, error);
  }
}

function short(did: string, done: number, wanted: number, offset: number): ShadowvolError {
  return new ShadowvolError('medium-error', `${did} ${done} bytes of ${wanted} at ${offset}`);
}
