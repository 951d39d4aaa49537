/** The traces that every face of the engine plays alike, in a real browser: the same code as in Node. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { chromium } from 'playwright-core';

import { CHROMIUM, PATIENCE } from './browser.js';
import { servePackage } from './site.js';

const PAGE = `<!doctype html><title>faces</title>
<script type="module">import { play } from '/tests/player.js'; window.play = play;</script>`;

for (const name of ['fail.jsonl', 'drop.jsonl']) {
  test(`the results of ${name} are those of every face`, async (t) => {
    const site = await servePackage({ '/': PAGE });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    t.after(async () => {
      await browser.close();
      site.close();
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(site.url);
    await page.waitForFunction(() => 'play' in window);
    const { lines, wrong } = await page.evaluate(playTrace, name);
    assert.ok(lines > 100);
    assert.deepEqual(wrong, []);
  });
}

/** In the page, whose script has the player. */
async function playTrace(name: string): Promise<{ lines: number; wrong: string[] }> {
  const trace = await (await fetch(`/faces/${name}`)).text();
  const { play } = window as unknown as { play(trace: string): Promise<string[]> };
  return { lines: trace.split('\n').length, wrong: await play(trace) };
}
