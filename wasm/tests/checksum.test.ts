/**
 * The checksums in the journal are CRC-32C, whatever the length. WebAssembly takes them in its own way, by
 * sixteen bytes, blocks and rounds; here they are compared with the definition, bit by bit, at every border.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Volume } from 'shadowvol';

import { Bytes, random } from './media.js';

const CHUNK = 64 << 10;
/** Lengths round those from which on tables, blocks, rounds and the moving of what is kept are used. */
const BORDERS = [
  1,
  16,
  256,
  512,
  1024,
  1056,
  1088,
  1536,
  2560,
  2592,
  4096,
  4608,
  6656,
  30_000,
  CHUNK,
];

for (const border of BORDERS) {
  test(`the checksums of about ${border} bytes`, async () => {
    for (const length of [border - 1, border, border + 1].filter(
      (one) => one > 0 && one <= CHUNK,
    )) {
      const origin = new Bytes(CHUNK + length);
      const chance = random(length);
      for (let at = 0; at < origin.bytes.length; at++) origin.bytes[at] = 256 * chance();
      const expected = crc32c(origin.bytes.subarray(CHUNK));
      const diff = new Bytes(0);
      const volume = await Volume.create({ origin, diff }, { chunkSize: CHUNK });
      await volume.createShadowCopy();
      assert.ok(!holds(diff.bytes, expected));
      await volume.write(CHUNK, Uint8Array.of(1));
      assert.ok(holds(diff.bytes, expected), `${length} bytes`);
    }
  });
}

/** By the book. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** Whether these four bytes are there, the lowest first. */
function holds(bytes: Uint8Array, number: number): boolean {
  const needle = Buffer.alloc(4);
  needle.writeUInt32LE(number);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(needle);
}
