/**
 * A volume on the origin private file system against a plain handle of it, in a real Chromium:
 * `npm run opfs`. Both do the same requests in turn; every figure is the plain handle's time to the
 * volume's: 0.5 is half as fast.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { CHROMIUM } from './browser.js';
import type { Row } from './opfs.worker.js';
import { servePackage } from './site.js';

const worker = await readFile(new URL('./opfs.worker.js', import.meta.url), 'utf8');
const site = await servePackage({
  '/': '<!doctype html><title>opfs</title>',
  '/worker.js': worker,
});
// The private file system of a profile is on a disk.
const profile = await mkdtemp(join(tmpdir(), 'shadowvol-opfs-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage();
  await page.goto(site.url);
  const rows = await page.evaluate(
    () =>
      new Promise<Row[]>((done, fail) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }: MessageEvent<Row[] | string>) =>
          typeof data === 'string' ? fail(new Error(data)) : done(data);
        worker.onerror = ({ message }) => fail(new Error(message));
      }),
  );
  console.log(
    `${'in OPFS'.padEnd(28)} ${'plain'.padStart(12)} ${'shadowvol'.padStart(12)}   ratio`,
  );
  for (const { what, bytes, plain, ours } of rows) {
    const each = (nanos: number) => `${Math.round(nanos / 1000)} µs`.padStart(12);
    const name = `${what}, ${bytes >> 10} KiB`;
    console.log(
      `${name.padEnd(28)} ${each(plain)} ${each(ours)} ${(plain / ours).toFixed(2).padStart(7)}`,
    );
  }
} finally {
  await browser.close();
  site.close();
  await rm(profile, { recursive: true, force: true });
}
