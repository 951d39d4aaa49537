/**
 * A visitor takes the tour: a quiet read, an overwrite, the race that the re-check decides, the same
 * race without it, and the explorer's word for it.
 */
import assert from 'node:assert/strict';
import test from 'node:test';

import { moves, until, visit } from './browser.js';

test('the tour shows a race that is lost without the re-check', async (t) => {
  const page = await (await visit(t)).open();
  const moral = page.locator('.tour .moral');
  const hand = page.locator('[data-lane="1.0"] .hand');
  const next = page.locator('.tour').getByRole('button', { name: 'Next' });
  await page.getByLabel('Speed').selectOption('30');

  await page.locator('.tour').getByRole('button', { name: 'Watch' }).click();
  await moral.getByText('No record before, no record after').waitFor();
  assert.match(await hand.innerText(), /A\s*A[\s\S]*right/);

  await next.click();
  await moral.getByText('takes the old bytes from the slot').waitFor();
  assert.equal(await page.locator('td[data-chunk="0"]').innerText(), 'B\nB');
  assert.match(await hand.innerText(), /A\s*A[\s\S]*right/);

  await next.click();
  await moral.getByText('R3 asked the journal again').waitFor();
  assert.match(await hand.innerText(), /A\s*A[\s\S]*right/);
  assert.equal(await page.locator('.verdict').count(), 0);
  const race = await page.locator('.told li .chip').allInnerTexts();
  assert.ok(race.includes('R4'), 'the bytes came from the slot in the end');

  await next.click();
  await moral.getByText('Half old, half new').waitFor();
  const verdict = page.locator('.verdict');
  assert.match(await verdict.innerText(), /got A B\. At its instant the volume held A A/);
  assert.equal(await verdict.locator('td.wrong').count(), 1);
  assert.match(await hand.innerText(), /A\s*B[\s\S]*wrong/);

  await next.click();
  const proof = page.locator('.tour .proof li');
  await proof.nth(1).waitFor();
  const [kept = '', broken = ''] = await proof.allInnerTexts();
  assert.match(kept, /No damage\. All \d+ states/);
  assert.match(broken, /Damage after \d+ moves/);

  await page.getByRole('button', { name: 'Play the damage' }).click();
  const shortest = Number(/Damage after (\d+) moves/.exec(broken)?.[1]);
  await until(page, async () => String(await moves(page)) === `${shortest},${shortest}`);
  await verdict.waitFor();

  await page.getByRole('button', { name: 'Break it yourself' }).click();
  await page.getByLabel('World').waitFor();
  assert.equal(await page.locator('.tour').count(), 0);
  assert.equal(await page.getByLabel('World').inputValue(), 'playground');
});
