/** A link's moves are what they were: each kind there and back, and nonsense is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { append, type Entry, head, length, read, write } from '../src/lab/log.ts';

const units = { start: 3, end: 40 };
const ENTRIES: readonly Entry[] = [
  { drawn: 12, traffic: false },
  { drawn: 617, traffic: true },
  { move: { act: { Step: { node: 0, thread: 15 } } } },
  { move: { act: { Land: { node: 2, thread: 0, piece: 63 } } } },
  { move: { act: { Fail: { node: 1, thread: 0 } } } },
  { move: { act: { Kill: { node: 1 } } } },
  { move: { act: { Cut: { keep: 1_000_000 } } } },
  { move: { join: { threads: 2 } } },
  ...(
    [
      { write: { units, value: 255 } },
      { discard: { units } },
      { look: { units } },
      { ahead: { units } },
      { zeros: { copy: 3, units } },
      { amend: { copy: 2, units, value: 8 } },
      { finish: 2 },
      { read: { copy: 77, units } },
      { delete: 9 },
      { revert: 1 },
      'create',
      'make',
      'settle',
      'compact',
      'flush',
      'take-role',
      'close',
      'catch-up',
    ] as const
  ).map((order): Entry => ({ move: { give: { node: 0, thread: 1, order } } })),
];

test('each kind of move is read as it was written', () => {
  assert.deepEqual(read(write(ENTRIES)), ENTRIES);
  assert.deepEqual(read(''), []);
});

test('what is no log is refused', () => {
  for (const text of [
    '*',
    '*x',
    'q1',
    'l0',
    'g00w1-2',
    'g00',
    'g00?',
    's0',
    '..',
    'k-1',
    '*99999999',
  ]) {
    assert.throws(() => read(text), text);
  }
});

test('the first moves of a log, and neighbours that become one', () => {
  assert.equal(length(ENTRIES), 12 + 617 + ENTRIES.length - 2);
  const first = head(ENTRIES, 20);
  assert.deepEqual(first, [ENTRIES[0], { drawn: 8, traffic: true }]);
  append(first, { drawn: 2, traffic: true });
  append(first, { drawn: 2, traffic: false });
  assert.equal(write(first), '*12.~10.*2');
});
