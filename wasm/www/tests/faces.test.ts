/** The traces that every face of the engine plays alike, in a real browser: the same code as in Node. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { chromium } from 'playwright-core';

import { CHROMIUM, PATIENCE } from './browser.js';
import { servePackage } from './site.js';

for (const name of ['fail.jsonl', 'drop.jsonl']) {
  test(`the results of ${name} are those of every face`, async (t) => {
    const site = await servePackage({ '/': '<!doctype html><title>faces</title>' });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    t.after(async () => {
      await browser.close();
      site.close();
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(site.url);
    const { lines, wrong } = await page.evaluate(playTrace, name);
    assert.ok(lines > 100);
    assert.deepEqual(wrong, []);
  });
}

/** In the page. */
async function playTrace(name: string): Promise<{ lines: number; wrong: string[] }> {
  const trace = await (await fetch(`/faces/${name}`)).text();
  // As a text, so that nobody resolves it before it gets here.
  const from = '/tests/player.js';
  const { play } = (await import(from)) as { play(trace: string): Promise<string[]> };
  return { lines: trace.split('\n').length, wrong: await play(trace) };
}
