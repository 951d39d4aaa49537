/**
 * Firefox: the tour, the explorer and the frozen disk there, and tabs, which have no handles that coexist: the active
 * tab's are its own, and the others read by a new `getFile()` for each read.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test, { type TestContext } from 'node:test';

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

/** The page in a Firefox; errors that nobody catches fail the test. */
async function visit(t: TestContext): Promise<(hash?: string) => Promise<Page>> {
  const site = await serve();
  const browser = await launch({
    browser: 'firefox',
    executablePath: FIREFOX ?? '',
    args: ['--headless'],
    protocolTimeout: PATIENCE,
  });
  const complaints: string[] = [];
  t.after(async () => {
    await browser.close();
    site.close();
    assert.deepEqual(complaints, []);
  });
  return async (hash = '') => {
    const page = await open(browser, site.url + hash);
    page.on('pageerror', (error) => complaints.push(String(error)));
    return page;
  };
}

/** Waits until an element says something. */
async function says(page: Page, selector: string, text: string): Promise<void> {
  await page.waitForFunction(
    (where, what) => document.querySelector(where)?.textContent?.includes(what),
    { timeout: PATIENCE, polling: 100 },
    selector,
    text,
  );
}

async function press(page: Page, name: string): Promise<void> {
  await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
}

test('the tour in Firefox', { skip: !FIREFOX && 'no Firefox' }, async (t) => {
  const page = await (await visit(t))();
  await page.waitForSelector('.tour');
  await page.select('.speed select', '30');
  await press(page, 'Watch');
  await says(page, '.tour .moral', 'No record before, no record after');
  for (const moral of [
    'takes the old bytes from the slot',
    'R3 asked the journal again',
    'Half old, half new',
  ]) {
    await press(page, 'Next');
    await says(page, '.tour .moral', moral);
  }
  await says(page, '.verdict', 'got A B. At its instant the volume held A A');
  await press(page, 'Next');
  await says(page, '.tour .proof', 'Damage after');
  assert.match(
    await page.$eval('.tour .proof', (proof) => proof.textContent ?? ''),
    /No damage\. All \d+ states/,
  );
});

test('the explorer finds damage in Firefox', { skip: !FIREFOX && 'no Firefox' }, async (t) => {
  const page = await (await visit(t))('#/lab?world=race&seed=1');
  await page.waitForSelector('.matrix');
  await press(page, 'Find the shortest damage');
  await says(page, '.finding', 'No damage.');
  await page.locator('::-p-xpath(//label[contains(., "Skip the re-check")]//input)').click();
  await press(page, 'Find the shortest damage');
  await says(page, '.finding', 'Damage after');
  await page.select('.speed select', '2400');
  await says(page, '.verdict', 'Nobody looked');
});

test('a frozen disk in Firefox', { skip: !FIREFOX && 'no Firefox' }, async (t) => {
  const page = await (await visit(t))('#/disk');
  await page.waitForSelector('.volume.live textarea');
  await press(page, 'Take a shadow copy');
  await says(page, '.volume.frozen pre', 'never failed');
  await press(page, 'Write over the letter');
  await page.waitForSelector('.volume.live mark');
  await says(page, '.volume.frozen pre', 'Yours, Ben');
  await press(page, 'Delete the photos');
  await says(page, '.volume.live', 'It was deleted.');
  await says(page, '.volume.frozen pre', '|=|');
});

test(
  'two tabs in Firefox, and the role is handed over',
  { skip: !FIREFOX && 'no Firefox' },
  async (t) => {
    const open = await visit(t);
    const active = await open('#/tabs');
    await active.waitForSelector('[data-role="active"]');
    const passive = await open('#/tabs');
    await passive.waitForSelector('[data-role="passive"]');
    assert.equal(
      await passive.$eval('[data-way]', (way) => way.getAttribute('data-way')),
      'getFile',
    );
    await verifies(passive, 100);

    await active.close();
    await passive.waitForSelector('[data-role="active"]');
    const other = await open('#/tabs');
    await verifies(other, 50);
  },
);
