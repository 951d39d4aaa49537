/**
 * One trace of operations, the same results by every face of the engine: this one plays them in Node,
 * `www/tests/faces.test.ts` in a browser.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { play } from './player.js';

const TRACES = new URL('../../../core/tests/faces/', import.meta.url);

for (const name of ['fail.jsonl', 'drop.jsonl']) {
  test(`the results of ${name} are those of every face`, async () => {
    const trace = readFileSync(new URL(name, TRACES), 'utf8');
    assert.ok(trace.split('\n').length > 100);
    assert.deepEqual(await play(trace), []);
  });
}
