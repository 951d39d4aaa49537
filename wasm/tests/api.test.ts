/** Every method of the package, on every kind of medium, and every error that a user can meet. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  type ErrorKind,
  type Media,
  type Medium,
  Memory,
  Passive,
  ShadowvolError,
  Volume,
} from 'shadowvol';

import { Bytes, DirectBytes, filled, Promised, random } from './media.js';

const SIZE = (1 << 20) + 1000;

const KINDS: Record<string, () => Media> = {
  memory: () => ({ origin: new Memory(SIZE), diff: new Memory() }),
  'an object that answers at once': () => ({ origin: new Bytes(SIZE), diff: new Bytes(0) }),
  'a direct object': () => ({ origin: new DirectBytes(SIZE), diff: new DirectBytes(0) }),
  'an object that promises': () => {
    const chance = random(7);
    return { origin: new Promised(SIZE, chance), diff: new Promised(0, chance) };
  },
};

/** Makes the journal long for what it has to say, but not so long that it is written anew by itself. */
async function lengthenJournal(volume: Volume): Promise<void> {
  while (volume.stats().journalBytes < 530_000) {
    const { id } = await volume.createShadowCopy('x'.repeat(1024));
    await volume.deleteShadowCopy(id);
  }
  assert.equal(volume.stats().compactions, 0);
}

function kind(expected: ErrorKind, facts: Record<string, number> = {}) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ShadowvolError, String(error));
    assert.equal(error.kind, expected, error.message);
    for (const [name, value] of Object.entries(facts)) assert.equal(error.facts[name], value);
    assert.ok(error.message.length > 10);
    return true;
  };
}

for (const [name, media] of Object.entries(KINDS)) {
  describe(name, () => {
    test('a shadow copy stays as it was, for the volume and for a passive node', async () => {
      const both = media();
      const volume = await Volume.create(both, { chunkSize: 4096 });
      assert.deepEqual([volume.size, volume.chunkSize], [SIZE, 4096]);
      assert.equal(await volume.write(5000, filled(3000, 1)), 3000);
      const node = await Passive.open(both);
      assert.equal(await node.newest(), undefined);
      const before = Date.now();
      const taken = await volume.createShadowCopy('nightly');
      assert.deepEqual([taken.id, taken.label], [1, 'nightly']);
      assert.ok(Math.abs(taken.created.getTime() - before) < 60_000);

      await volume.write(4000, filled(100_000, 2));
      await volume.discard(0, 4096);
      await volume.flush();
      assert.deepEqual(await volume.read(0, 4096), filled(4096, 0));
      assert.deepEqual(await volume.read(4096, 10), filled(10, 2));
      assert.deepEqual(volume.changes(1), [{ offset: 0, length: 106_496 }]);

      for (const reader of [node, await volume.reader()]) {
        const copy = await reader.shadowCopy(1);
        assert.deepEqual([copy.id, copy.label, copy.size], [1, 'nightly', SIZE]);
        assert.deepEqual(await copy.read(5000, 3000), filled(3000, 1));
        assert.deepEqual(await copy.read(4000, 1000), filled(1000, 0));
        const pieces: Uint8Array[] = [];
        for await (const piece of copy.stream({ piece: 300_000 })) pieces.push(piece);
        assert.equal(pieces.length, 4);
        assert.deepEqual(Buffer.concat(pieces), Buffer.from(await copy.read(0, SIZE)));
      }
      await volume.createShadowCopy();
      assert.deepEqual(await node.changes(2, 1), volume.changes(1, 2));
      assert.deepEqual(
        (await node.shadowCopies()).map(({ id }) => id),
        [1, 2],
      );

      const copy = await node.shadowCopy(1);
      await volume.deleteShadowCopy(1);
      await assert.rejects(copy.read(0, 10), kind('gone', { copy: 1 }));
      assert.equal(node.stats().gone, 1);
      assert.deepEqual(
        volume.shadowCopies().map(({ id }) => id),
        [2],
      );
      assert.equal((await node.newest())?.id, 2);
      assert.ok(volume.stats().preservedBytes > 0 && volume.stats().records > 0);

      await volume.close();
      await volume.close();
      assert.ok(volume.closed);
      await assert.rejects(volume.read(0, 1), kind('closed'));
      node.close();
      await assert.rejects(node.newest(), kind('closed'));
    });

    test('a volume is opened again, and another holder fences the old one', async () => {
      const both = media();
      const first = await Volume.create(both);
      await first.write(0, filled(10, 1));
      await first.createShadowCopy('kept');
      await assert.rejects(Volume.create(both), kind('medium-exists'));
      const second = await Volume.open(both);
      assert.ok(second.stats().epoch > first.stats().epoch);
      await assert.rejects(first.createShadowCopy(), kind('fenced', { holder: 2 }));
      assert.equal(first.ended?.kind, 'fenced');
      await first.close();
      await second.write(0, filled(10, 2));
      const copy = await (await second.reader()).shadowCopy(1);
      assert.deepEqual(await copy.read(0, 10), filled(10, 1));
      await second.close();
    });

    test('a revert brings a copy back', async () => {
      const volume = await Volume.create(media(), { chunkSize: 4096 });
      await volume.write(0, filled(SIZE, 1));
      await volume.createShadowCopy();
      await volume.write(0, filled(SIZE, 2));
      const heard: number[] = [];
      const pause = volume.revert(1, { onProgress: (done) => heard.push(done) < 1 });
      await pause.catch(kind('cancelled'));
      assert.deepEqual(await volume.read(SIZE - 9, 9), filled(9, 1));
      await volume.write(100, filled(1, 3));
      await volume.revert(1);
      assert.equal(volume.reverting, undefined);
      const after = filled(SIZE, 1);
      after[100] = 3;
      assert.deepEqual(await volume.read(0, SIZE), after);
      await volume.close();
    });

    test('a full diff area refuses writes, or lets the oldest copies go', async () => {
      const limit = 320 * 4096;
      const failing = await Volume.create(media(), { chunkSize: 4096, limit });
      await failing.write(0, filled(SIZE, 9));
      await failing.createShadowCopy();
      let refused = 0;
      for (let at = 0; at + 65_536 <= SIZE; at += 65_536) {
        await failing.write(at, filled(65_536, 1)).catch((error: unknown) => {
          kind('diff-area-full', { limit })(error);
          refused++;
        });
      }
      assert.ok(refused > 0);
      assert.ok(failing.events().some((event) => event.kind === 'low-space'));
      await failing.close();

      const both = media();
      const dropping = await Volume.create(both, { chunkSize: 4096, limit, onFull: 'drop-oldest' });
      for (let round = 1; round < 12; round++) {
        await dropping.write(0, filled(200_000, round));
        await dropping.createShadowCopy();
      }
      const dropped = dropping
        .events()
        .flatMap((of) => (of.kind === 'copies-dropped' ? of.copies : []));
      assert.ok(dropped.includes(1));
      await assert.rejects((await Passive.open(both)).shadowCopy(1), kind('gone', { copy: 1 }));
      await dropping.close();
    });

    test('many requests at once are each right', async () => {
      const both = media();
      const volume = await Volume.create(both, { chunkSize: 4096 });
      await volume.createShadowCopy();
      const writes = Array.from({ length: 64 }, (_, nth) =>
        volume.write(nth * 2048, filled(2048, nth + 1)),
      );
      const creation = volume.createShadowCopy();
      await Promise.all([...writes, creation, volume.flush(), volume.compact()]);
      for (let nth = 0; nth < 64; nth++) {
        assert.deepEqual(await volume.read(nth * 2048, 2048), filled(2048, nth + 1));
      }
      const first = await (await volume.reader()).shadowCopy(1);
      const reads = Array.from({ length: 64 }, (_, nth) => first.read(nth * 2048, 2048));
      for (const bytes of await Promise.all(reads)) assert.deepEqual(bytes, filled(2048, 0));
      await volume.close();
    });
  });
}

describe('errors', () => {
  test('bad requests are refused with what to do', async () => {
    const both = { origin: new Memory(SIZE), diff: new Memory() };
    await assert.rejects(Volume.open(both), kind('not-a-diff-area'));
    await assert.rejects(Passive.open(both), kind('not-a-diff-area'));
    await assert.rejects(
      Volume.create(both, { chunkSize: 5000 }),
      kind('bad-chunk-size', { chunkSize: 5000 }),
    );
    const volume = await Volume.create(both);
    await assert.rejects(volume.read(SIZE - 1, 2), kind('out-of-range', { size: SIZE }));
    await assert.rejects(volume.read(0, 2 ** 60), kind('out-of-range', { length: 2 ** 60 }));
    await assert.rejects(volume.readInto(SIZE - 1, filled(2, 0)), kind('out-of-range'));
    await assert.rejects(volume.write(SIZE, filled(1, 1)), kind('out-of-range'));
    await assert.rejects(volume.read(-1, 2), kind('bad-argument'));
    await assert.rejects(volume.read(0.5, 2), kind('bad-argument'));
    await assert.rejects(volume.write(Number.NaN, filled(1, 1)), kind('bad-argument'));
    await assert.rejects(volume.deleteShadowCopy(7), kind('no-such-copy', { copy: 7 }));
    await assert.rejects(volume.createShadowCopy('x'.repeat(2000)), kind('label-too-long'));
    await assert.rejects((await volume.reader()).shadowCopy(1), kind('no-such-copy', { copy: 1 }));
    await assert.rejects((await volume.reader()).shadowCopy(0), kind('no-such-copy'));
    assert.throws(() => volume.changes(3), kind('no-such-copy', { copy: 3 }));
    assert.throws(() => new Memory(-1), kind('bad-argument'));
    await volume.close();
    const other = { origin: new Memory(5), diff: both.diff };
    await assert.rejects(Volume.open(other), kind('origin-size', { recorded: SIZE, found: 5 }));
  });

  test('an object that is no medium is refused', async () => {
    const origin = { size: () => 5 } as unknown as Medium;
    await assert.rejects(Volume.create({ origin, diff: new Memory() }), kind('bad-medium'));
  });

  for (const late of [false, true]) {
    test(`what a medium throws ${late ? 'later' : 'at once'} is the cause`, async () => {
      const origin = new Bytes(SIZE);
      const volume = await Volume.create({ origin, diff: new Bytes(0) });
      await volume.createShadowCopy();
      const broken = new Error('the disk is on fire');
      origin.readAt = () => {
        if (late) return Promise.reject(broken) as unknown as void;
        throw broken;
      };
      for (const request of [volume.read(0, 10), volume.write(0, filled(10, 1))]) {
        await assert.rejects(request, (error: unknown) => {
          assert.ok(kind('medium-error')(error) && (error as Error).cause === broken);
          return (error as Error).message.includes('on fire');
        });
      }
      Reflect.deleteProperty(origin, 'readAt');
      await volume.write(0, filled(10, 1));
      const copy = await (await volume.reader()).shadowCopy(1);
      assert.deepEqual(await copy.read(0, 10), filled(10, 0));
      await volume.close();
    });
  }

  test('a failed barrier ends the role, and opening again recovers', async () => {
    const diff = new Bytes(0);
    const media = { origin: new Bytes(SIZE), diff };
    const volume = await Volume.create(media);
    await volume.write(0, filled(10, 1));
    await volume.createShadowCopy();
    diff.barrier = () => {
      throw new Error('no power');
    };
    await assert.rejects(volume.write(0, filled(10, 2)), kind('medium-error'));
    Reflect.deleteProperty(diff, 'barrier');
    await assert.rejects(volume.write(0, filled(10, 3)), kind('role-ended'));
    await volume.close();
    const again = await Volume.open(media);
    const copy = await (await again.reader()).shadowCopy(1);
    assert.deepEqual(await copy.read(0, 10), filled(10, 1));
    await again.close();
  });

  for (const onFull of ['fail', 'drop-oldest'] as const) {
    test(`the journal is written anew before the policy ${onFull} is asked`, async () => {
      const most = 3 << 20;
      const diff = new Bytes(0);
      const grow = diff.grow.bind(diff);
      diff.grow = (size) => {
        if (size > most) throw new DOMException('full', 'QuotaExceededError');
        return grow(size);
      };
      const size = 1 << 20;
      const media = { origin: new Bytes(size), diff };
      const volume = await Volume.create(media, { chunkSize: 4096, onFull });
      await volume.write(0, filled(size, 1));
      await volume.createShadowCopy('stays');
      await lengthenJournal(volume);
      for (let at = 0; at < size; at += 4096) await volume.write(at, filled(1, 2));
      assert.equal(volume.shadowCopies().length, 1);
      assert.equal(volume.stats().compactions, 1);
      await volume.close();
    });
  }

  test('the medium grows before the journal is written anew', async () => {
    const size = 16 << 20;
    const volume = await Volume.create(
      { origin: new Bytes(size), diff: new Bytes(0) },
      { chunkSize: 4096 },
    );
    await volume.write(0, filled(size, 1));
    await volume.createShadowCopy('stays');
    await lengthenJournal(volume);
    assert.ok(volume.stats().capacity < size);
    await volume.write(0, filled(size, 2));
    assert.equal(volume.stats().compactions, 0);
    await volume.close();
  });

  test('a medium without space is a full diff area', async () => {
    const diff = new Bytes(0);
    const grow = diff.grow.bind(diff);
    diff.grow = (size) => {
      if (size > 1_200_000) throw new DOMException('full', 'QuotaExceededError');
      return grow(size);
    };
    const volume = await Volume.create({ origin: new Bytes(SIZE), diff }, { chunkSize: 4096 });
    await volume.write(0, filled(SIZE, 1));
    await volume.createShadowCopy();
    await assert.rejects(volume.write(0, filled(SIZE, 2)), kind('diff-area-full'));
    assert.deepEqual(await volume.read(0, SIZE), filled(SIZE, 1));
    await volume.close();
  });
});
