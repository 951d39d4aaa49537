/** A disk with a file system, somebody who works on it, and its shadow copies. */
import { type Files, Memory, Volume } from 'shadowvol';
import type { FilesSource } from 'shadowvol/files';

import { type Image, loadImage } from './image.ts';

/** A row of a tree. */
export interface Row {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly isFolder: boolean;
  /** What a file has in it. */
  readonly text: string;
  /** The chunks of the volume that it is in. */
  readonly chunks: readonly number[];
}

/** A shadow copy, with what is in it. */
export interface Taken {
  readonly id: number;
  readonly created: Date;
  readonly rows: readonly Row[];
  /** Chunks that were overwritten since: their old bytes are in the diff area. */
  readonly kept: ReadonlySet<number>;
}

const PHOTOS = '/photos';

export class Disk {
  readonly #volume: Volume;
  readonly #image: Image;
  /** The files as they are now. */
  live: readonly Row[] = [];
  copies: readonly Taken[] = [];

  private constructor(volume: Volume, image: Image) {
    this.#volume = volume;
    this.#image = image;
  }

  static async make(): Promise<Disk> {
    const image = await loadImage();
    const media = { origin: new Memory(image.bytes.length), diff: new Memory() };
    const volume = await Volume.create(media, { durability: 'coherent' });
    await volume.write(0, image.bytes);
    const disk = new Disk(volume, image);
    await disk.#look();
    return disk;
  }

  get chunks(): number {
    return this.#volume.size / this.#volume.chunkSize;
  }

  get hasPhotos(): boolean {
    return this.live.some(({ path }) => path === PHOTOS);
  }

  async take(): Promise<number> {
    const { id } = await this.#volume.createShadowCopy('');
    await this.#look();
    return id;
  }

  async forget(id: number): Promise<void> {
    await this.#volume.deleteShadowCopy(id);
    await this.#look();
  }

  /** Writes a text where a file's bytes are, with spaces to its end. */
  async write(path: string, text: string): Promise<void> {
    const files = await open(this.#volume);
    const { size } = await files.stat(path);
    const bytes = new Uint8Array(size).fill(' '.charCodeAt(0));
    new TextEncoder().encodeInto(`${text.trimEnd()}\n`, bytes);
    let at = 0;
    for (const { place, length } of await files.pieces(path)) {
      if (place !== undefined) await this.#volume.write(place, bytes.slice(at, at + length));
      at += length;
    }
    await this.#look();
  }

  /** Deletes the photos as Linux would, and wipes the places that they were in. */
  async deletePhotos(): Promise<void> {
    const files = await open(this.#volume);
    for (const { name } of await files.list(PHOTOS)) {
      for (const { place, length } of await files.pieces(`${PHOTOS}/${name}`)) {
        if (place !== undefined) await this.#volume.discard(place, length);
      }
    }
    for (const { offset, bytes } of this.#image.deletion) await this.#volume.write(offset, bytes);
    await this.#look();
  }

  /** Reads all that there is anew. */
  async #look(): Promise<void> {
    const size = this.#volume.chunkSize;
    this.live = await tree(this.#volume, size);
    const reader = await this.#volume.reader();
    const copies: Taken[] = [];
    for (const { id, created } of this.#volume.shadowCopies()) {
      const copy = await reader.shadowCopy(id);
      const known = this.copies.find((copy) => copy.id === id);
      const rows = await tree(copy, size);
      if (known && !same(known.rows, rows)) throw new Error(`shadow copy ${id} has changed`);
      const kept = new Set(chunksOf(this.#volume.changes(id), size));
      copies.push({ id, created, rows, kept });
    }
    this.copies = copies;
  }
}

/** The files in a volume as it is now, or in a copy; their reader is a module of its own. */
async function open(source: FilesSource): Promise<Files> {
  const { Files } = await import('shadowvol/files');
  return Files.open(source);
}

/** All files, folders before what is in them. */
async function tree(source: FilesSource, chunk: number): Promise<Row[]> {
  const files = await open(source);
  const rows: Row[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    for (const { name, kind } of await files.list(`${folder}/`)) {
      // What every ext4 has, and nobody looks at.
      if (name === 'lost+found') continue;
      const path = `${folder}/${name}`;
      const isFolder = kind === 'directory';
      const text = isFolder ? '' : (await files.text(path)).trimEnd();
      const pieces = isFolder ? [] : await files.pieces(path);
      const placed = pieces.flatMap(({ place: offset, length }) =>
        offset === undefined ? [] : [{ offset, length }],
      );
      rows.push({ path, name, depth, isFolder, text, chunks: chunksOf(placed, chunk) });
      if (isFolder) await visit(path, depth + 1);
    }
  };
  await visit('', 0);
  files.close();
  return rows;
}

function chunksOf(extents: readonly { offset: number; length: number }[], size: number): number[] {
  return extents.flatMap(({ offset, length }) => {
    const first = Math.floor(offset / size);
    const end = Math.ceil((offset + length) / size);
    return Array.from({ length: end - first }, (_, nth) => first + nth);
  });
}

function same(some: readonly Row[], others: readonly Row[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ path, text }, nth) => path === others[nth]?.path && text === others[nth]?.text)
  );
}
