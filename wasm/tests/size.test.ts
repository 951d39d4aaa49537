/** What a page loads stays small: each module as a server sends it that compresses with Brotli. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';

/** Bytes: what they were when this was written, and a tenth for other compilers. */
const MOST = { engine: 63_600, sets: 12_900, files: 22_200, sim: 170_400 };

for (const [name, most] of Object.entries(MOST)) {
  test(`the module ${name} has ${most} bytes at most, compressed`, () => {
    const module = readFileSync(new URL(`../../dist/${name}/shadowvol_bg.wasm`, import.meta.url));
    const { length } = brotliCompressSync(module);
    assert.ok(length <= most, `${length} bytes`);
  });
}
