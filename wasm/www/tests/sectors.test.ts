/** What the tabs verify with must see every kind of wrong bytes, or their zero means nothing. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { BLOCK, BLOCKS, fill, manifestOf, SECTOR, truthOf, writeOf } from '../src/tabs/sectors.ts';

const FIRST = (7 * BLOCK) / SECTOR;

function written(write: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK);
  fill(bytes, 7, write);
  return bytes;
}

test('each sector says which write it is of', () => {
  const bytes = written(5);
  for (let nth = 0; nth < BLOCK / SECTOR; nth++) {
    assert.equal(writeOf(bytes, nth * SECTOR, FIRST + nth), 5);
  }
  assert.equal(writeOf(new Uint8Array(SECTOR), 0, FIRST), 0, 'nothing was ever written there');
});

test('a sector that is torn anywhere, misplaced, or has one wrong bit is none', () => {
  const [old, fresh] = [written(5), written(6)];
  for (let cut = 1; cut < SECTOR; cut++) {
    const torn = old.slice(0, SECTOR);
    torn.set(fresh.subarray(0, cut));
    const found = writeOf(torn, 0, FIRST);
    // Up to its number, a new sector's first bytes are those of the old one.
    if (cut > 8) assert.equal(found, undefined, `torn at byte ${cut}`);
    else assert.equal(found, 5);
  }
  assert.equal(writeOf(old, 0, FIRST + 1), undefined, 'of another place');
  for (let bit = 0; bit < SECTOR * 8; bit++) {
    const harmed = old.slice(0, SECTOR);
    harmed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(writeOf(harmed, 0, FIRST), undefined, `bit ${bit}`);
  }
});

test('a manifest is whole or none', () => {
  const truth = Uint32Array.from({ length: BLOCKS }, (_, block) => block * 3);
  const bytes = manifestOf(truth, 4);
  assert.deepEqual(truthOf(bytes)?.subarray(4), truth.subarray(4));
  for (const at of [0, 5, 9, 100, bytes.length - 1]) {
    const harmed = bytes.slice();
    harmed[at]! ^= 1;
    assert.equal(truthOf(harmed), undefined, `byte ${at}`);
  }
  assert.equal(truthOf(new Uint8Array(bytes.length)), undefined, 'nothing was written yet');
});
