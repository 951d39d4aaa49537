/**
 * Each rule is needed: without any one of them the explorer finds a way to break a promise, and plays
 * it. With all of them it goes through all states of a world and finds none.
 */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { PATIENCE, visit } from './browser.js';

async function find(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Find the shortest damage' }).click();
  const finding = page.locator('.finding');
  await finding
    .getByText(/Damage after|No damage/)
    .first()
    .waitFor();
  return finding.innerText();
}

test('all rules kept: every state of a world is visited, and no promise broken', async (t) => {
  const page = await (await visit(t)).open('#/lab?world=overwrite&seed=1');
  await page.locator('.matrix').waitFor();
  assert.match(await find(page), /No damage\. All \d+ states were visited.*all rules kept/);
});

test('the four switches: damage is found, played, and told', async (t) => {
  const page = await (await visit(t)).open('#/lab?world=race&seed=1');
  await page.getByLabel('Speed').selectOption('2400');
  const told: Record<string, RegExp> = {
    'Skip the re-check': /Nobody looked/,
    'Overwrite before commit': /the journal had nothing to tell/,
    'Trust a cached absence': /the old place/,
    'Reuse slots early': /checksum in the record notices/,
  };
  for (const [name, why] of Object.entries(told)) {
    const rule = page.getByRole('switch', { name });
    await rule.check();
    assert.match(await find(page), /Damage after \d+ moves/, name);
    const verdict = page.locator('.verdict');
    await verdict.waitFor();
    assert.match(await verdict.innerText(), why);
    await rule.uncheck();
    await verdict.waitFor({ state: 'detached' });
    await page.locator('.finding').getByText('All rules are kept.').waitFor();
  }
});

test('each of all rules: without it there is damage', { timeout: PATIENCE * 6 }, async (t) => {
  const page = await (await visit(t)).open('#/lab?world=race&seed=1');
  await page.getByLabel('Speed').selectOption('2400');
  await page.getByText(/^All \d+ rules$/).click();
  const rules = await page
    .locator('[data-rule]')
    .evaluateAll((inputs) => inputs.map((input) => input.getAttribute('data-rule') ?? ''));
  assert.ok(rules.length >= 39);
  for (const name of rules) {
    const rule = page.locator(`[data-rule="${name}"]`);
    await rule.check();
    assert.match(await find(page), /Damage after \d+ moves/, name);
    await rule.uncheck();
    await page.locator('.finding').getByText('All rules are kept.').waitFor();
  }
});
