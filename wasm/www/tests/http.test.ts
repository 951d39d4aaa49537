/**
 * A page is a passive node of a volume elsewhere: a Python process writes it, a plain web server gives
 * ranges of its two files, and Chromium reads its shadow copies over HTTP. Each copy's digest is
 * compared with that of a model which the writer keeps.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium, type Page } from 'playwright-core';

import { CHROMIUM, PATIENCE, until } from './browser.js';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const PYTHON = process.env['PYTHON'] ?? join(ROOT, '.venv/bin/python');
const isThere = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import shadowvol']).status === 0;

if (!isThere) {
  console.error('\n  NOT TESTED: a page as a passive node of a volume that Python writes.');
  console.error('  This needs the Python package: make .venv/built, then make test-page\n');
}

/** A process that writes a volume and serves it, and a page that complains about nothing. */
async function meet(t: TestContext): Promise<{ page: Page; url: string; writer: ChildProcess }> {
  const folder = await mkdtemp(join(tmpdir(), 'shadowvol-http-'));
  const script = fileURLToPath(new URL('../../writer.py', import.meta.url));
  const [dist, site] = [join(ROOT, 'wasm/dist'), join(ROOT, 'wasm/www/dist')];
  const writer = spawn(PYTHON, [script, dist, site, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const complaints: string[] = [];
  t.after(async () => {
    await browser.close();
    writer.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual(complaints, []);
  });
  const port = await new Promise<string>((said) => {
    writer.stdout.once('data', (line: Buffer) => said(line.toString().trim()));
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, url: `http://127.0.0.1:${port}/`, writer };
}

test('a page reads the copies of a volume that Python writes', { skip: !isThere }, async (t) => {
  const { page, url, writer } = await meet(t);
  await page.goto(url);
  await page.waitForFunction(() => 'shadowvol' in window);
  const found = await page.evaluate(readAll, PATIENCE);
  assert.equal(writer.exitCode, null, 'the writer is still at it');
  assert.deepEqual(found.wrong, []);
  assert.ok(found.verified >= 20, JSON.stringify(found));
  assert.ok(found.redirected > 0, 'the writer met the reads');
});

test('a visitor watches a volume that Python writes', { skip: !isThere }, async (t) => {
  const { page, url, writer } = await meet(t);
  await page.goto(`${url}page/#/web`);
  const form = page.locator('form.where');
  await form.getByLabel('The image').fill('/nowhere.img');
  await form.getByRole('button', { name: 'Read its copies' }).click();
  await page.getByRole('alert').getByText('/nowhere.img').waitFor();

  await form.getByLabel('The image').fill('/disk.img');
  await form.getByRole('button', { name: 'Read its copies' }).click();
  const told: Record<string, string> = {};
  const again = new Set<string>();
  await until(page, async () => {
    const rows = await page
      .locator('[data-copy]')
      .evaluateAll((all) => all.map((row) => ({ ...(row as HTMLElement).dataset })));
    for (const { copy = '', digest = '', reads } of rows) {
      if (digest !== '') told[copy] = digest;
      if (Number(reads) > 1) again.add(copy);
    }
    assert.equal(await page.getByRole('alert').count(), 0, await page.locator('main').innerText());
    return Object.keys(told).length >= 5 && again.size >= 3;
  });
  for (const [copy, digest] of Object.entries(told)) {
    const truth: unknown = await (await fetch(`${url}truth/${copy}`)).json();
    assert.equal(digest, truth, `copy ${copy}`);
  }
  assert.equal(await page.locator('[data-number="Wrong"] dd').innerText(), '0');
  assert.equal(writer.exitCode, null, 'the writer is still at it');
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
