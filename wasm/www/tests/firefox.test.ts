/**
 * Firefox has no handles that coexist: the active tab's are its own, and the others read by a new
 * `getFile()` for each read.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';

import { type Browser, launch, type Page } from 'puppeteer-core';

import { PATIENCE } from './browser.js';
import { serve } from './site.js';

const FIREFOX =
  process.env['FIREFOX'] ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

async function open(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url);
  return page;
}

/** Waits until a passive tab has verified so many reads; none of them was wrong. */
async function verifies(page: Page, reads: number): Promise<void> {
  await page.waitForFunction(
    (least) => {
      const figure =
        document.querySelector('[data-number="Reads verified"] dd')?.textContent ?? '0';
      const failed = document.querySelector('[data-role="failed"]') !== null;
      return failed || Number(figure.replaceAll(',', '')) >= least;
    },
    { timeout: PATIENCE, polling: 100 },
    reads,
  );
  const text = await page.$eval('main', (main) => main.textContent ?? '');
  assert.equal(await page.$('[data-role="failed"]'), null, text);
  assert.equal(await page.$eval('[data-number="Wrong"] dd', (figure) => figure.textContent), '0');
}

test(
  'two tabs in Firefox, and the role is handed over',
  { skip: !FIREFOX && 'no Firefox' },
  async (t) => {
    const site = await serve();
    const browser = await launch({
      browser: 'firefox',
      executablePath: FIREFOX ?? '',
      args: ['--headless'],
      protocolTimeout: PATIENCE,
    });
    t.after(async () => {
      await browser.close();
      site.close();
    });
    const active = await open(browser, `${site.url}#/tabs`);
    await active.waitForSelector('[data-role="active"]');
    const passive = await open(browser, `${site.url}#/tabs`);
    await passive.waitForSelector('[data-role="passive"]');
    assert.equal(
      await passive.$eval('[data-way]', (way) => way.getAttribute('data-way')),
      'getFile',
    );
    await verifies(passive, 100);

    await active.close();
    await passive.waitForSelector('[data-role="active"]');
    const other = await open(browser, `${site.url}#/tabs`);
    await verifies(other, 50);
  },
);
