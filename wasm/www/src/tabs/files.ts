/** The volume's files in the origin private file system, and how nodes get at them. */
import {
  type Media,
  OpfsFile,
  OpfsMedium,
  type ReadableMedium,
  ShadowvolError,
  Volume,
} from 'shadowvol';

import type { Way } from './news.ts';
import { SIZE } from './sectors.ts';

const FOLDER = 'shadowvol-tabs';
const ORIGIN = 'disk.img';
const DIFF = 'disk.img.diff';
/** The diff area may become so large; then the oldest copies go. */
const LIMIT = 64 << 20;
/** How long somebody who has the files open exclusively is waited for, in milliseconds. */
const PATIENCE = 15_000;

export class Files {
  readonly way: Way;
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle, way: Way) {
    this.#folder = folder;
    this.way = way;
  }

  static async open(): Promise<Files> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    return new Files(folder, await wayIn(folder));
  }

  /** Takes the role: makes the volume, or opens it and fences whoever had it. */
  async volume(): Promise<Held> {
    for (const begun = Date.now(); ; await pause(100)) {
      try {
        return await this.#take();
      } catch (error) {
        const busy = error instanceof ShadowvolError && error.kind === 'role-taken';
        if (!busy || Date.now() - begun > PATIENCE) throw error;
      }
    }
  }

  /** Media to read from, once the volume is there. */
  async media(): Promise<{ media: Media<ReadableMedium>; close(): void }> {
    const folder = this.#folder;
    if (this.way === 'getFile') {
      const [origin, diff] = [
        await OpfsFile.open(folder, ORIGIN),
        await OpfsFile.open(folder, DIFF),
      ];
      return { media: { origin, diff }, close: () => undefined };
    }
    const origin = await OpfsMedium.open(folder, ORIGIN);
    const diff = await OpfsMedium.open(folder, DIFF).catch((error: unknown) => {
      origin.close();
      throw error;
    });
    const close = () => {
      origin.close();
      diff.close();
    };
    return { media: { origin, diff }, close };
  }

  /** Deletes the volume; nobody may have it open. */
  async remove(): Promise<void> {
    await this.#folder.removeEntry(DIFF);
    await this.#folder.removeEntry(ORIGIN);
  }

  async #take(): Promise<Held> {
    const origin = await OpfsMedium.open(this.#folder, ORIGIN, { size: SIZE });
    const diff = await OpfsMedium.open(this.#folder, DIFF, { size: 0 }).catch((error: unknown) => {
      origin.close();
      throw error;
    });
    const close = () => {
      origin.close();
      diff.close();
    };
    try {
      const media = { origin, diff };
      const volume =
        diff.size() === 0
          ? await Volume.create(media, { limit: LIMIT, onFull: 'drop-oldest' })
          : await Volume.open(media);
      return { volume, close };
    } catch (error) {
      close();
      const half = error instanceof ShadowvolError && error.kind === 'not-a-diff-area';
      if (!half) throw error;
      // Whoever was making it died: there was no copy yet.
      await this.#folder.removeEntry(DIFF);
      return this.#take();
    }
  }
}

/** A volume, and its files to be closed behind it. */
export interface Held {
  readonly volume: Volume;
  close(): void;
}

/** Whether handles coexist here: tried on a file of one's own. */
async function wayIn(folder: FileSystemDirectoryHandle): Promise<Way> {
  const name = `probe-${crypto.randomUUID()}`;
  const probe = await OpfsMedium.open(folder, name, { size: 0 });
  const { sharing } = probe;
  probe.close();
  await folder.removeEntry(name);
  return sharing === 'shared' ? 'handles' : 'getFile';
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds));
}
