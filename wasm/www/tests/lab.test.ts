/** The laboratory in a visitor's hands: keys, choices, orders, links, time. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { moves, until, visit } from './browser.js';

/** All that is drawn of the storage and of what readers got. */
async function drawn(page: Page): Promise<string> {
  const parts = ['.matrix', '.slots', '.lines', '.told ol', '.answers ol'];
  const texts = await Promise.all(parts.map((part) => page.locator(part).innerText()));
  return texts.join('\n');
}

test('keys play, step, go back and choose, and are not taken from controls', async (t) => {
  const page = await (await visit(t)).open('#/lab?world=race&seed=3');
  await page.locator('.choice').first().waitFor();

  await page.keyboard.press('ArrowRight');
  await until(page, async () => (await moves(page))[0] === 1);
  await page.keyboard.press('1');
  await until(page, async () => (await moves(page))[0] === 2);
  const second = await drawn(page);
  await page.keyboard.press('ArrowRight');
  await until(page, async () => (await moves(page))[0] === 3);
  await page.keyboard.press('ArrowLeft');
  await until(page, async () => (await moves(page))[0] === 2);
  assert.equal(await drawn(page), second, 'one back is what was there before');
  await page.keyboard.press('Home');
  await until(page, async () => (await moves(page))[0] === 0);
  await page.keyboard.press('End');
  await until(page, async () => (await moves(page))[0] === 3);

  await page.keyboard.press('+');
  await until(page, async () => (await page.getByLabel('Speed').inputValue()) === '8');
  await page.keyboard.press('Space');
  await until(page, async () => (await page.locator('.hand .right').count()) === 1);

  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('play or pause').waitFor();
  await page.keyboard.press('Escape');

  const [before] = await moves(page);
  await page.getByLabel('World').focus();
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('button', { name: 'Copy link' }).focus();
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement ?? document.body);
    return `${style.outlineStyle} ${style.outlineWidth}`;
  });
  assert.equal(outline, 'solid 2px', 'the focus is seen');
  assert.notEqual(before, 0);
});

test('orders: a burst, a copy, a read, a passive, a death, a power cut', async (t) => {
  const page = await (await visit(t)).open('#/lab?world=playground&seed=2');
  await page.getByLabel('Speed').selectOption('2400');
  const play = async () => {
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.getByText('Nobody has anything to do.').waitFor();
  };
  for (const name of [
    'Burst of writes',
    'Take a copy',
    'Write',
    'Add a passive',
    'Read the newest',
  ]) {
    await page.locator('.orders').getByRole('button', { name, exact: false }).first().click();
  }
  await play();
  assert.equal(await page.locator('.node').count(), 4);
  assert.match(await page.locator('.answers').innerText(), /1 reads · 0 failed or gone · 0 wrong/);
  assert.equal(await page.locator('.matrix .copy').count(), 2);

  await page.locator('.orders').getByRole('button', { name: 'Kill the active' }).click();
  await play();
  await page.locator('.orders').getByRole('button', { name: 'Cut the power' }).click();
  await play();
  assert.match(await page.locator('.records h3').innerText(), /generation 3/);
  assert.equal(await page.locator('.matrix .copy').count(), 2, 'no copy is lost');
  assert.equal(await page.locator('.verdict').count(), 0);
});

test('a link is the whole state: another page shows the same', async (t) => {
  const browser = await visit(t);
  const page = await browser.open('#/lab?world=playground&seed=11');
  await page.getByRole('switch', { name: 'Keep everybody busy' }).check();
  await page.getByLabel('Speed').selectOption('120');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await until(page, async () => (await moves(page))[0] > 200);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.keyboard.press('ArrowRight');
  await page.locator('.orders').getByRole('button', { name: 'Burst of writes' }).click();
  await page.keyboard.press('2');
  const [at] = await moves(page);
  await until(page, async () => (await moves(page))[0] >= at);
  for (let nth = 0; nth < 5; nth++) await page.keyboard.press('ArrowLeft');
  await page.waitForTimeout(1000);
  const link = await page.evaluate(() => location.hash);
  assert.match(link, /moves=~\d+.*at=\d+/);

  const other = await browser.open(link);
  await until(other, async () => String(await moves(other)) === String(await moves(page)));
  assert.equal(await drawn(other), await drawn(page));
  assert.equal(await other.evaluate(() => location.hash), link);
});

test('a link that makes no sense is refused in words', async (t) => {
  const page = await (await visit(t)).open('#/lab?world=nowhere&seed=1');
  await page.locator('.refused').getByText('there is no world of the name nowhere').waitFor();
});

test('4,096 chunks and four nodes are drawn, played and measured', async (t) => {
  const page = await (await visit(t)).open('#/lab?world=big&seed=4');
  await page.locator('canvas.map').first().waitFor();
  assert.match(await page.locator('.maps').innerText(), /4,096 chunks/);
  await page.getByRole('switch', { name: 'Keep everybody busy' }).check();
  await page.getByLabel('Speed').selectOption('2400');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await until(page, async () => (await moves(page))[0] > 2000);
  await page.getByRole('button', { name: 'Pause' }).click();
  const answers = await page.locator('.answers .facts').innerText();
  assert.match(answers, /^[1-9]\d* reads .* 0 wrong$/);
  const reads = page.locator('.histogram').filter({ hasText: 'Read of a copy' });
  assert.match(await reads.locator('.facts').innerText(), /\d+ · median \d+/);
});

test('gone back to a move of long ago, lanes and events are those of then', async (t) => {
  // More than the page keeps.
  const page = await (await visit(t)).open('#/lab?world=big&seed=4&moves=~8000&at=300');
  const told = page.locator('.told li .index');
  await told.first().waitFor();
  const [at, length] = await moves(page);
  assert.equal(at, 300);
  assert.ok(length >= 8000);
  const numbers = (await told.allInnerTexts()).map(Number);
  assert.ok(numbers.length > 10 && numbers.every((move) => move > 200 && move <= 300));
  const painted = await page.locator('canvas.lane').evaluateAll((lanes) =>
    lanes.map((lane) => {
      const canvas = lane as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width / 2, canvas.height);
      return data.some((part) => part > 0);
    }),
  );
  assert.ok(painted.includes(true), 'steps left of the middle');

  const last = String(length);
  await page.keyboard.press('End');
  await until(page, async () => (await told.first().innerText()) === last);
  await page.keyboard.press('Home');
  await page.locator('.told').getByText('nothing yet').waitFor();
  await page.keyboard.press('ArrowRight');
  await until(page, async () => Number(await told.first().innerText()) <= 1);
});
