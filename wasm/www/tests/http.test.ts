/**
 * A page is a passive node of a volume elsewhere: a Python process writes it, a plain web server gives
 * ranges of its two files, and Chromium reads its shadow copies over HTTP. Each copy's digest is
 * compared with that of a model which the writer keeps.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { CHROMIUM, PATIENCE } from './browser.js';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const PYTHON = process.env['PYTHON'] ?? join(ROOT, '.venv/bin/python');
const isThere = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import shadowvol']).status === 0;

if (!isThere) {
  console.error('\n  NOT TESTED: a page as a passive node of a volume that Python writes.');
  console.error('  This needs the Python package: make .venv/built, then make test-page\n');
}

test('a page reads the copies of a volume that Python writes', { skip: !isThere }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shadowvol-http-'));
  const script = fileURLToPath(new URL('../../writer.py', import.meta.url));
  const writer = spawn(PYTHON, [script, join(ROOT, 'wasm/dist'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  t.after(async () => {
    await browser.close();
    writer.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  const port = await new Promise<string>((said) => {
    writer.stdout.once('data', (line: Buffer) => said(line.toString().trim()));
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction(() => 'shadowvol' in window);
  const found = await page.evaluate(readAll, PATIENCE);
  assert.equal(writer.exitCode, null, 'the writer is still at it');
  assert.deepEqual(found.wrong, []);
  assert.ok(found.verified >= 20, JSON.stringify(found));
  assert.ok(found.redirected > 0, 'the writer met the reads');
});

/** In the page: reads copies whole, until so many were right and the writer has met some reads. */
async function readAll(patience: number) {
  const page = window as unknown as { shadowvol: typeof import('shadowvol') };
  const { Http, Passive, ShadowvolError } = page.shadowvol;
  const media = { origin: new Http('/disk.img'), diff: new Http('/disk.img.diff') };
  const end = Date.now() + patience;
  const begun = async (): Promise<Awaited<ReturnType<typeof Passive.open>>> => {
    for (;;) {
      try {
        return await Passive.open(media);
      } catch (error) {
        if (Date.now() > end) throw error;
        await new Promise((resume) => setTimeout(resume, 50));
      }
    }
  };
  const node = await begun();
  const wrong: string[] = [];
  let verified = 0;
  let gone = 0;
  while (Date.now() < end && (verified < 20 || node.stats().redirectedReads === 0)) {
    const copies = await node.shadowCopies();
    const copy = copies[Math.floor(Math.random() * copies.length)];
    if (!copy) continue;
    const bytes = new Uint8Array(copy.size);
    const pieces = Array.from({ length: 8 }, (_, nth) =>
      copy.readInto(
        (nth * copy.size) / 8,
        bytes.subarray((nth * copy.size) / 8, ((nth + 1) * copy.size) / 8),
      ),
    );
    const results = await Promise.allSettled(pieces);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      const error: unknown = failed.reason;
      if (!(error instanceof ShadowvolError) || error.kind !== 'gone') throw error;
      gone++;
      continue;
    }
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
    // The writer tells the truth as soon as it knows the copy's number.
    let told: string | null = null;
    while (told === null && Date.now() < end) {
      told = (await (await fetch(`/truth/${copy.id}`, { cache: 'no-store' })).json()) as
        string | null;
    }
    if (hex === told) verified++;
    else wrong.push(`copy ${copy.id}: ${hex} instead of ${told}`);
  }
  return { verified, gone, wrong, redirected: node.stats().redirectedReads };
}
