/**
 * Random operations against plain byte arrays: the volume, its own reader and a passive node that
 * stays open must agree with them throughout, while several requests are under way at once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Media, Memory, Passive, ShadowvolError, Volume } from 'shadowvol';

import { DirectBytes, Promised, random } from './media.js';

const KINDS: Record<string, (size: number, chance: () => number) => Media> = {
  memory: (size) => ({ origin: new Memory(size), diff: new Memory() }),
  direct: (size) => ({ origin: new DirectBytes(size), diff: new DirectBytes(0) }),
  promised: (size, chance) => ({
    origin: new Promised(size, chance),
    diff: new Promised(0, chance),
  }),
};

for (const [name, media] of Object.entries(KINDS)) {
  test(`a volume on ${name} media does as byte arrays do`, async () => {
    for (let seed = 1; seed <= 8; seed++) await play(seed, media);
  });
}

async function play(seed: number, kind: (typeof KINDS)[string]): Promise<void> {
  const chance = random(seed);
  const below = (end: number) => Math.floor(chance() * end);
  const chunkSize = [4096, 8192, 65536][below(3)];
  const size = 200_000 + below(5000);
  const media = kind(size, chance);
  let volume = await Volume.create(media, { chunkSize: chunkSize ?? 4096 });
  const node = await Passive.open(media);
  const now = new Uint8Array(size);
  const copies = new Map<number, Uint8Array>();
  const range = () => {
    const offset = below(size);
    return { offset, length: below(Math.min(20_000, size - offset) + 1) };
  };
  const where = `seed ${seed}`;

  for (let nth = 0; nth < 120; nth++) {
    const any = [...copies.keys()][below(copies.size)];
    switch (below(10)) {
      case 0: {
        const { id } = await volume.createShadowCopy();
        copies.set(id, now.slice());
        break;
      }
      case 1:
        if (any === undefined || copies.size < 4) break;
        copies.delete(any);
        await volume.deleteShadowCopy(any);
        await assert.rejects(
          node.shadowCopy(any),
          (error) => error instanceof ShadowvolError && error.kind === 'gone',
        );
        break;
      case 2: {
        const { offset, length } = range();
        now.fill(0, offset, offset + length);
        await volume.discard(offset, length);
        break;
      }
      case 3:
        await volume.compact();
        break;
      case 4:
        await volume.close();
        volume = await Volume.open(media);
        break;
      case 5:
        if (any === undefined || copies.size > 6) break;
        await volume.revert(any);
        now.set(copies.get(any) ?? []);
        break;
      default: {
        // Several writes at once, which do not overlap, with readers beside them.
        const width = Math.floor(size / 8);
        const requests: Promise<unknown>[] = [];
        for (let lane = 0; lane < 8; lane++) {
          const offset = lane * width + below(width / 2);
          const data = new Uint8Array(below(width / 2)).map(() => below(4) && below(256));
          now.set(data, offset);
          requests.push(volume.write(offset, data));
        }
        for (const [id, bytes] of copies) requests.push(check(node, id, bytes, range()));
        await Promise.all(requests);
      }
    }
    const { offset, length } = range();
    const found = await volume.read(offset, length);
    assert.deepEqual(found, now.slice(offset, offset + length), `${where}, operation ${nth}`);
  }
  for (const reader of [node, await volume.reader()]) {
    assert.deepEqual(
      (await reader.shadowCopies()).map(({ id }) => id),
      [...copies.keys()],
    );
    for (const [id, bytes] of copies) await check(reader, id, bytes, { offset: 0, length: size });
  }
  assert.deepEqual(await volume.read(0, size), now, where);
  await volume.close();
}

async function check(
  node: Passive,
  id: number,
  bytes: Uint8Array,
  { offset, length }: { offset: number; length: number },
): Promise<void> {
  const found = await (await node.shadowCopy(id)).read(offset, length);
  assert.deepEqual(found, bytes.slice(offset, offset + length), `copy ${id} at ${offset}`);
}
