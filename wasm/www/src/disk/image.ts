/** The disk, as `wasm/www/disk/make` has made it: compressed, and with the photos or without. */

/** The disk's bytes, and ranges of them with what has to be written to delete the photos. */
export interface Image {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly deletion: readonly Patch[];
}

export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The file system's blocks. */
const BLOCK = 1024;

export async function loadImage(): Promise<Image> {
  const [bytes, without] = await Promise.all([
    unpacked(new URL('./disk.bin', import.meta.url)),
    unpacked(new URL('./without-photos.bin', import.meta.url)),
  ]);
  const deletion: Patch[] = [];
  for (let offset = 0; offset < bytes.length; offset += BLOCK) {
    const after = without.slice(offset, offset + BLOCK);
    if (after.some((byte, nth) => byte !== bytes[offset + nth])) {
      deletion.push({ offset, bytes: after });
    }
  }
  return { bytes, deletion };
}

async function unpacked(place: URL): Promise<Uint8Array<ArrayBuffer>> {
  const { body, ok } = await fetch(place);
  if (!body || !ok) throw new Error(`${place.pathname} could not be loaded`);
  const stream = body.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
