/**
 * The story: somebody freezes a disk, writes over a letter and deletes the photos, and finds both in
 * the copy.
 */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { visit } from './browser.js';

const now = (page: Page) => page.locator('.volume.live');
const then = (page: Page) => page.locator('.volume.frozen');
const press = (page: Page, name: string) =>
  page.locator('.tasks').getByRole('button', { name }).click();
const kept = async (page: Page) =>
  Number(await page.locator('[data-kept]').getAttribute('data-kept'));

test('a copy has its files whatever becomes of the disk', async (t) => {
  const page = await (await visit(t)).open('#/disk');
  await now(page).getByRole('textbox').waitFor();
  assert.match(await now(page).getByRole('textbox').inputValue(), /^Dear Ann,.*never failed/s);
  assert.equal(await page.locator('.chunks span').count(), 128);

  await then(page).getByRole('button', { name: 'Take a shadow copy' }).click();
  await then(page).locator('pre').waitFor();
  assert.equal(await kept(page), 0);

  await press(page, 'Write over the letter');
  await now(page).locator('mark').waitFor();
  assert.match(await now(page).getByRole('textbox').inputValue(), /gone out\.$/);
  assert.match(await then(page).locator('pre').innerText(), /never failed.*Yours, Ben$/s);
  assert.equal(await kept(page), 1);
  assert.equal(await page.locator('.chunks .open.kept').count(), 1);

  await press(page, 'Delete the photos');
  await now(page).getByText('It was deleted.').waitFor();
  assert.equal(await now(page).getByRole('button', { name: 'lighthouse' }).count(), 0);
  assert.match(await then(page).locator('pre').innerText(), /\|=\|/);
  await then(page).getByRole('button', { name: 'keeper' }).click();
  await then(page).locator('pre', { hasText: '( o o )' }).waitFor();
  assert.ok((await kept(page)) > 2);
  assert.ok(
    await page.locator('.tasks').getByRole('button', { name: 'Delete the photos' }).isDisabled(),
  );
});

test('whatever is typed is written, and each copy has what was there then', async (t) => {
  const page = await (await visit(t)).open('#/disk');
  await now(page).getByRole('button', { name: 'shopping list' }).click();
  const write = async (text: string) => {
    await now(page).getByRole('textbox').fill(text);
    await now(page).getByRole('button', { name: 'Write it' }).click();
    await now(page).locator('.actions button:disabled').waitFor();
  };
  for (const text of ['tea\n\u{1F431} food', 'nothing']) {
    await press(page, 'Take a shadow copy');
    await write(text);
  }
  await then(page).getByRole('combobox').selectOption('2');
  await then(page).locator('pre', { hasText: '\u{1F431} food' }).waitFor();
  await then(page).getByRole('combobox').selectOption('1');
  await then(page).locator('pre', { hasText: 'lamp oil' }).waitFor();
  await press(page, 'Delete the oldest copy');
  await then(page).getByText('Shadow copy 2').waitFor();
  await press(page, 'Begin again');
  await then(page).getByRole('button', { name: 'Take a shadow copy' }).waitFor();
});

test('the keyboard is enough', async (t) => {
  const page = await (await visit(t)).open('#/disk');
  await now(page).getByRole('textbox').waitFor();
  const tab = async (to: string) => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => document.activeElement?.textContent?.trim());
      if (focused === to) return page.keyboard.press('Enter');
    }
    return assert.fail(`${to} cannot be reached`);
  };
  await tab('Take a shadow copy');
  await then(page).locator('pre').waitFor();
  await tab('Delete the photos');
  await now(page).getByText('It was deleted.').waitFor();
  await tab('keeper');
  await then(page).locator('pre', { hasText: '( o o )' }).waitFor();
});
