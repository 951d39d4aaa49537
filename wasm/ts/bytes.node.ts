import { readFile } from 'node:fs/promises';

/** The bytes of a module beside this one, as Node gets them. */
export function bytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(url);
}
