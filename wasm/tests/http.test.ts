/**
 * A passive node over HTTP: a plain server gives ranges of two files that a volume in this process
 * writes to meanwhile, and every read is the copy's.
 */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { Http, Passive, ShadowvolError, Volume } from 'shadowvol';

import { Bytes, filled, random } from './media.js';

const SIZE = 300_000;

async function serve<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resume) => server.once('listening', resume));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function ranges(files: Record<string, Bytes>): RequestListener {
  return (request, response) => {
    const file = files[request.url ?? ''];
    if (!file) return void response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (first === undefined || last === undefined)
      return void response.writeHead(200).end('all of it');
    const total = file.size();
    if (Number(first) >= total) {
      return void response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
    }
    const end = Math.min(Number(last) + 1, total);
    const bytes = file.bytes.slice(Number(first), end);
    const range = `bytes ${first}-${end - 1}/${total}`;
    response.writeHead(206, { 'content-range': range }).end(bytes);
  };
}

test('a passive node reads over HTTP while the volume is written', async () => {
  const [origin, diff] = [new Bytes(SIZE), new Bytes(0)];
  const volume = await Volume.create({ origin, diff }, { chunkSize: 4096 });
  await volume.write(0, filled(SIZE, 1));
  await volume.createShadowCopy('web');
  await serve(ranges({ '/disk.img': origin, '/disk.img.diff': diff }), async (url) => {
    const node = await Passive.open({
      origin: new Http(`${url}disk.img`),
      diff: new Http(new URL('disk.img.diff', url)),
    });
    let busy = true;
    const writer = (async () => {
      const chance = random(3);
      for (let nth = 0; busy; nth++) {
        await volume.write(Math.floor(chance() * (SIZE - 9000)), filled(9000, nth % 256));
        if (nth % 50 === 49) await volume.compact();
        await new Promise((resume) => setTimeout(resume));
      }
    })();
    const copy = await node.shadowCopy(1);
    assert.equal(copy.label, 'web');
    for (let nth = 0; nth < 40; nth++) assert.deepEqual(await copy.read(0, SIZE), filled(SIZE, 1));
    busy = false;
    await writer;
    assert.ok(node.stats().redirectedChunks > 0, 'the writer met the reads');
    await volume.deleteShadowCopy(1);
    await assert.rejects(copy.read(0, 1), (error) => kindOf(error) === 'gone');
  });
  await volume.close();
});

test('a server that is of no use is told apart', async () => {
  const open = (url: string) => Passive.open({ origin: new Http(url), diff: new Http(url) });
  const says = (kind: string, text: RegExp) => (error: unknown) => {
    const causes = [error, (error as Error).cause].filter((one) => one instanceof ShadowvolError);
    return causes.some((one) => one.kind === kind && text.test(one.message));
  };
  await serve(ranges({}), (url) => assert.rejects(open(url), says('missing-medium', /not there/)));
  await serve(
    (_, response) => void response.end('everything'),
    (url) => assert.rejects(open(url), says('medium-error', /no ranges/)),
  );
  await serve(
    (_, response) => void response.writeHead(403).end(),
    (url) => assert.rejects(open(url), says('medium-error', /403/)),
  );
});

function kindOf(error: unknown): string | undefined {
  return error instanceof ShadowvolError ? error.kind : undefined;
}
