/** A real Chromium, and pages in it that must not complain. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { type BrowserContext, chromium, type Page } from 'playwright-core';

import { serve } from './site.js';

/** Where it is, if not where Debian has it. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** How long anything may take on a machine that does a lot besides, in milliseconds. */
export const PATIENCE = 120_000;

export interface Visit {
  readonly context: BrowserContext;
  readonly url: string;
  /** A page, at an address behind the site's. */
  open(hash?: string): Promise<Page>;
}

/**
 * The page in a browser with a profile of its own, so that the private file system is on a disk. When
 * the test is over, nothing may have been logged as an error, and nothing been asked of other hosts.
 */
export async function visit(
  t: TestContext,
  options: { width?: number; height?: number; dark?: boolean } = {},
): Promise<Visit> {
  const { width = 1280, height = 900, dark = false } = options;
  const site = await serve();
  const profile = await mkdtemp(join(tmpdir(), 'shadowvol-page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: ['--no-sandbox'],
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
  });
  context.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  context.on('request', (request) => {
    if (!request.url().startsWith(site.url)) complaints.push(`asked for ${request.url()}`);
  });
  context.on('page', (page) => {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });
  t.after(async () => {
    await context.close();
    site.close();
    await rm(profile, { recursive: true, force: true });
    assert.deepEqual(complaints, []);
  });
  const open = async (hash = '') => {
    const page = await context.newPage();
    await page.goto(site.url + hash);
    return page;
  };
  return { context, url: site.url, open };
}

/** How many moves have been made, and how many there are. */
export async function moves(page: Page): Promise<readonly [at: number, length: number]> {
  const text = await page.locator('.count').innerText();
  const [at = 0, length = 0] = text.replaceAll(',', '').split(' of ').map(Number);
  return [at, length];
}

/** Waits until something that is looked up in the page holds. */
export async function until(page: Page, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE} ms: ${holds.toString()}`);
    await page.waitForTimeout(50);
  }
}
