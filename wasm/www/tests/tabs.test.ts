/**
 * Tabs of one browser share a volume in the private file system. One writes it, the others read its
 * shadow copies from the same files at the same time; each sector of each read is compared with the
 * truth that lies in the copy. When the active tab is closed, another one takes the role.
 */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { until, visit } from './browser.js';

async function number(page: Page, name: string): Promise<number> {
  const figure = page.locator(`[data-number="${name}"] dd`);
  if ((await figure.count()) === 0) return -1;
  return Number((await figure.innerText()).replaceAll(',', ''));
}

async function role(page: Page): Promise<string | null> {
  const card = page.locator('[data-role]');
  return (await card.count()) === 0 ? null : card.getAttribute('data-role');
}

async function epoch(page: Page): Promise<number> {
  return Number(await page.locator('.who-card dl div').nth(1).locator('dd').innerText());
}

/** Waits until a passive tab has verified so many reads; none of them was wrong. */
async function verifies(page: Page, reads: number): Promise<void> {
  await until(page, async () => {
    assert.notEqual(await role(page), 'failed', await page.locator('main').innerText());
    return (await number(page, 'Reads verified')) >= reads;
  });
  assert.equal(await number(page, 'Wrong'), 0);
}

test('two and three tabs: one writes, the others verify what they read', async (t) => {
  const browser = await visit(t);
  const active = await browser.open('#/tabs');
  await active.locator('[data-role="active"]').waitFor();
  await active.getByLabel('Pace').selectOption('0');
  const passive = await browser.open('#/tabs');
  await passive.getByLabel('Pace').selectOption('0');
  await verifies(passive, 500);
  assert.equal(await passive.locator('[data-way]').getAttribute('data-way'), 'handles');

  const third = await browser.open('#/tabs');
  await third.getByLabel('Pace').selectOption('0');
  await verifies(third, 500);
  await verifies(passive, 1500);
  assert.equal(await role(active), 'active');
  assert.equal(await role(passive), 'passive');
  assert.equal(await role(third), 'passive');
  assert.ok((await number(active, 'Copies taken')) > 1);
});

test('the active tab is closed: another one takes the role, and readers go on', async (t) => {
  const browser = await visit(t);
  const first = await browser.open('#/tabs');
  await first.locator('[data-role="active"]').waitFor();
  const others = [await browser.open('#/tabs'), await browser.open('#/tabs')];
  for (const other of others) await verifies(other, 100);
  assert.equal(await epoch(first), 1);

  await first.close();
  await until(others[0]!, async () => (await Promise.all(others.map(role))).includes('active'));
  const roles = await Promise.all(others.map(role));
  const heir = others[roles.indexOf('active')]!;
  const reader = others[roles.indexOf('passive')]!;
  assert.equal(await epoch(heir), 2);
  const before = await number(reader, 'Reads verified');
  await verifies(reader, before + 300);
  await until(reader, async () => (await epoch(reader)) === 2);

  await heir.getByRole('button', { name: 'Hand the role over' }).click();
  await reader.locator('[data-role="active"]').waitFor();
  await verifies(heir, 100);
  assert.equal(await epoch(reader), 3);
});

test('a volume is found again when all tabs were closed', async (t) => {
  const browser = await visit(t);
  const first = await browser.open('#/tabs');
  await first.locator('[data-role="active"]').waitFor();
  await until(first, async () => (await number(first, 'Copies taken')) > 2);
  await first.close();
  const second = await browser.open('#/tabs');
  await second.locator('[data-role="active"]').waitFor();
  assert.equal(await epoch(second), 2);
  const third = await browser.open('#/tabs');
  await verifies(third, 200);
});
