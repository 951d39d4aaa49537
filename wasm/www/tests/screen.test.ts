/** Small screens and both themes: nothing is cut off, and what the page says can be read. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { visit } from './browser.js';

const VIEWS = [
  '',
  '#/lab?world=playground&seed=1',
  '#/lab?world=big&seed=1',
  '#/tabs',
  '#/disk',
  '#/web',
];
/** What shows that a view is there. */
const SIGNS: Readonly<Record<string, string>> = {
  '#/tabs': '.who-card',
  '#/disk': '.volume',
  '#/web': '.where',
};

/** What reaches past the right edge of the window, if anything does. */
async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const outside = (element: Element) => element.getBoundingClientRect().right > innerWidth + 1;
    const all = [...document.querySelectorAll('main *, header *')];
    return all.filter(outside).map(({ tagName, className }) => `${tagName}.${String(className)}`);
  });
}

for (const width of [1280, 390]) {
  for (const dark of [false, true]) {
    test(`${width} pixels wide, ${dark ? 'dark' : 'light'}`, async (t) => {
      const browser = await visit(t, { width, height: 844, dark });
      for (const view of VIEWS) {
        const page = await browser.open(view);
        await page
          .locator(SIGNS[view] ?? '.node')
          .first()
          .waitFor();
        await page.waitForTimeout(300);
        assert.deepEqual(await overflow(page), [], view);
        assert.ok((await contrast(page, 'main p')) >= 4.5, `text of ${view}`);
        await page.close();
      }
    });
  }
}

test('on a telephone, what can be done with the disk covers nothing of the letter', async (t) => {
  const page = await (await visit(t, { width: 390, height: 844 })).open('#/disk');
  const letter = await page.locator('.volume.live').getByRole('textbox').boundingBox();
  const bar = await page.locator('.tasks').boundingBox();
  assert.ok(letter && bar);
  assert.ok(letter.y + letter.height <= bar.y, JSON.stringify({ letter, bar }));
});

test('the theme follows the system until somebody chooses', async (t) => {
  const page = await (await visit(t, { dark: true })).open();
  const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
  await page.locator('.node').first().waitFor();
  assert.equal(await theme(), 'dark');
  await page.getByRole('button', { name: 'Light theme' }).click();
  assert.equal(await theme(), 'light');
  await page.reload();
  await page.locator('.node').first().waitFor();
  assert.equal(await theme(), 'light');
});

test('steps, values and verdicts can be told apart without colours', async (t) => {
  const page = await (await visit(t)).open();
  await page.locator('.node').first().waitFor();
  const legend = await page.getByRole('list', { name: 'Legend' }).innerText();
  for (const step of ['W1', 'W2', 'W3', 'W4', 'R1', 'R2', 'R3', 'R4'])
    assert.ok(legend.includes(step));
  for (const step of ['w1', 'w2', 'w3', 'w4', 'r1', 'r2', 'r3', 'r4']) {
    assert.ok((await contrast(page, `.chip.${step}`)) >= 4.5, step);
  }
});

/** The contrast of a text with what is behind it, as WCAG defines it. */
async function contrast(page: Page, selector: string): Promise<number> {
  return page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const canvas = document.createElement('canvas').getContext('2d');
      if (!canvas) throw new Error('no canvas');
      const luminance = (colour: string) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r = 0, g = 0, b = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      let behind: Element | null = element;
      let paper = 'rgba(0, 0, 0, 0)';
      while (behind && paper === 'rgba(0, 0, 0, 0)') {
        paper = getComputedStyle(behind).backgroundColor;
        behind = behind.parentElement;
      }
      const [light, dark] = [luminance(getComputedStyle(element).color), luminance(paper)].sort(
        (a, b) => b - a,
      ) as [number, number];
      return (light + 0.05) / (dark + 0.05);
    });
}
