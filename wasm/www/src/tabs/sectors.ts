/**
 * What is on the volume: sectors that say what they are, and a manifest that says what each block
 * held when a shadow copy was taken. The manifest lies in the copy itself, so whoever reads the copy
 * has the truth, and needs nobody to tell it.
 */

export const SECTOR = 512;
export const BLOCK = 4096;
export const BLOCKS = 4096;
export const SIZE = BLOCK * BLOCKS;
/** The first blocks hold the manifest: a number for each block. */
export const MANIFEST_BLOCKS = (BLOCKS * 4) / BLOCK;
export const MANIFEST_BYTES = MANIFEST_BLOCKS * BLOCK;

const MAGIC = 0x53564f4c;
const WORDS = SECTOR / 4;

/** Fills a buffer with sectors of a write. */
export function fill(bytes: Uint8Array<ArrayBuffer>, firstBlock: number, write: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const first = (firstBlock * BLOCK) / SECTOR;
  for (let nth = 0; nth < bytes.length / SECTOR; nth++) {
    const at = nth * WORDS;
    words[at] = MAGIC;
    words[at + 1] = first + nth;
    words[at + 2] = write;
    pattern(words, at, first + nth, write, (place, word) => {
      words[place] = word;
    });
  }
}

/**
 * The number of the write that a sector is of; 0 if nothing was ever written there; nothing if it is
 * no whole sector of this place.
 */
export function writeOf(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  sector: number,
): number | undefined {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, WORDS);
  if (words[0] === 0) return words.every((word) => word === 0) ? 0 : undefined;
  const write = words[2] ?? 0;
  if (words[0] !== MAGIC || words[1] !== sector) return undefined;
  let whole = true;
  pattern(words, 0, sector, write, (place, word) => {
    whole &&= words[place] === word;
  });
  return whole ? write : undefined;
}

/** The words of a sector behind its head, which depend on all that the head says. */
function pattern(
  words: Uint32Array,
  at: number,
  sector: number,
  write: number,
  each: (place: number, word: number) => void,
): void {
  let state = (Math.imul(sector + 1, 0x9e3779b1) ^ Math.imul(write, 0x85ebca6b)) | 1;
  for (let place = at + 3; place < at + WORDS && place < words.length; place++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    each(place, state >>> 0);
  }
}

/** The manifest as bytes: its head takes the places of the blocks that it lies in itself. */
export function manifestOf(truth: Uint32Array, copies: number): Uint8Array<ArrayBuffer> {
  const words = truth.slice();
  words[0] = MAGIC;
  words[1] = copies;
  words[2] = 0;
  words[3] = 0;
  words[2] = sum(words);
  return new Uint8Array(words.buffer);
}

/** What each block holds, unless this is no whole manifest. */
export function truthOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array | undefined {
  const words = new Uint32Array(bytes.slice().buffer);
  const said = words[2];
  words[2] = 0;
  return words[0] === MAGIC && sum(words) === said ? words : undefined;
}

function sum(words: Uint32Array): number {
  let sum = 0x811c9dc5;
  for (const word of words) sum = Math.imul(sum ^ word, 0x01000193) ^ (sum >>> 15);
  return sum >>> 0;
}
