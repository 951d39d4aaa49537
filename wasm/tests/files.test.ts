/**
 * The files inside a shadow copy, over media of every sort: those that answer at once, and those that
 * answer by promises. The disk is the one that the page shows.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { type Medium, Memory, ShadowvolError, Volume } from 'shadowvol';
import { Files } from 'shadowvol/files';

import { Promised, random } from './media.js';

const DISK = new URL('../../www/src/disk/disk.bin', import.meta.url);
const WITHOUT = new URL('../../www/src/disk/without-photos.bin', import.meta.url);

const unpacked = async (place: URL) => new Uint8Array(gunzipSync(await readFile(place)));

type Make = (size: number) => Medium | Memory;

const AT_ONCE: Make = (size) => new Memory(size);
const BY_PROMISES: Make = (size) => new Promised(size, random(1));

async function disk(make = AT_ONCE, offset = 0) {
  const bytes = await unpacked(DISK);
  const media = { origin: make(bytes.length + offset), diff: make(0) };
  const volume = await Volume.create(media);
  await volume.write(offset, bytes);
  const { id } = await volume.createShadowCopy();
  const copy = await (await volume.reader()).shadowCopy(id);
  return { volume, copy, bytes };
}

const kindOf = (kind: string) => (error: unknown) =>
  error instanceof ShadowvolError && error.kind === kind;

for (const [sort, make] of [
  ['at once', AT_ONCE],
  ['by promises', BY_PROMISES],
] as const) {
  test(`files of a copy whose media answer ${sort}`, async () => {
    const { volume, copy } = await disk(make);
    const files = await copy.files();
    // The volume is another one meanwhile.
    await volume.write(0, await unpacked(WITHOUT));
    for (const { place, length } of await files.pieces('/photos/lighthouse')) {
      assert.ok(place);
      await volume.discard(place, length);
    }
    const names = async (of: Files, path?: string) => (await of.list(path)).map(({ name }) => name);
    assert.deepEqual(await names(files), ['letters', 'lost+found', 'photos', 'shopping list']);
    assert.deepEqual(await names(files, '/photos'), ['keeper', 'lighthouse']);
    assert.match(await files.text('/photos/lighthouse'), /~~~~/);
    assert.match(await files.text(new TextEncoder().encode('letters/to Ann')), /^Dear Ann,\n/);
    const facts = await files.stat('/photos/lighthouse');
    assert.deepEqual([facts.kind, facts.size, facts.permissions], ['file', 1024, 0o644]);
    assert.equal(facts.modified.toISOString(), '2026-06-21T12:00:00.000Z');
    assert.deepEqual([files.label, files.replayed], ['Ben', 0]);
    const part = await files.read('/letters/to Ann', { offset: 5, length: 3 });
    assert.equal(new TextDecoder().decode(part), 'Ann');
    assert.equal((await files.read('/letters/to Ann', { offset: 2000 })).length, 0);

    const now = await Files.open(volume);
    assert.equal(await now.exists('/photos'), false);
    assert.equal(await now.exists('/letters/to Ann'), true);
    const [one, two] = await Promise.all([
      files.text('/letters/from Ann'),
      now.text('shopping list'),
    ]);
    assert.match(one, /forty years/);
    assert.match(two, /lamp oil/);

    await volume.deleteShadowCopy(copy.id);
    await assert.rejects(files.text('/letters/from Ann'), kindOf('gone'));
    files.close();
    await volume.close();
  });
}

test('what cannot be had says why', async () => {
  const { copy } = await disk();
  const files = await copy.files();
  await assert.rejects(files.read('/letters'), kindOf('is-a-directory'));
  await assert.rejects(files.list('/shopping list'), kindOf('not-a-directory'));
  await assert.rejects(files.readLink('/shopping list'), kindOf('bad-file'));
  await assert.rejects(files.stat('/nothing'), /nothing: there is no such file/);
  await assert.rejects(copy.files({ offset: 512 }), kindOf('not-a-file-system'));
  await assert.rejects(copy.files({ offset: -1 }), kindOf('out-of-range'));
  await assert.rejects(copy.files({ offset: copy.size }), kindOf('not-a-file-system'));
  await assert.rejects(
    Files.open({ size: 4096, read: () => new Uint8Array(1) }),
    kindOf('medium-error'),
  );
});

test('a file system that begins at a partition', async () => {
  const { copy } = await disk(AT_ONCE, 1 << 20);
  await assert.rejects(copy.files(), /only zeros/);
  const files = await copy.files({ offset: 1 << 20 });
  assert.match(await files.text('shopping list'), /lamp oil/);
});

test('turned bits are told, or do no harm, and there is always an end', async () => {
  const bytes = await unpacked(DISK);
  const next = random(7);
  const draw = (below: number) => Math.floor(next() * below);
  let told = 0;
  const seen = async (of: Uint8Array) => {
    const source = { size: of.length, read: (at: number, n: number) => of.slice(at, at + n) };
    const files = await Files.open(source);
    const found: string[] = [];
    for (const folder of ['letters', 'photos']) {
      for (const { name, kind, size } of await files.list(folder)) {
        await files.text(`${folder}/${name}`);
        found.push(`${name} ${kind} ${size}`);
      }
    }
    return found;
  };
  const whole = await seen(bytes);
  for (let nth = 0; nth < 200; nth++) {
    const changed = bytes.slice();
    const at = draw(40 << 10);
    changed[at] = (changed[at] ?? 0) ^ (1 << draw(8));
    try {
      assert.deepEqual(await seen(changed), whole, String(at));
    } catch (error) {
      if (!(error instanceof ShadowvolError)) throw error;
      told++;
    }
  }
  assert.ok(told > 0 && told < 200, String(told));
});
