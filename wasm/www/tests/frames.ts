/** How fluent the page is with 4,096 chunks and four nodes at work: `npm run frames`. */
import { chromium, type Page } from 'playwright-core';

import { CHROMIUM } from './browser.js';
import { serve } from './site.js';

const SECONDS = 10;

/** Times between frames of the screen, in milliseconds. */
async function frames(page: Page): Promise<number[]> {
  return page.evaluate(
    (seconds) =>
      new Promise<number[]>((done) => {
        const times: number[] = [];
        const begun = performance.now();
        let last = begun;
        const frame = (now: number) => {
          times.push(now - last);
          last = now;
          if (now - begun < seconds * 1000) requestAnimationFrame(frame);
          else done(times.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    SECONDS,
  );
}

function tell(what: string, times: number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)]?.toFixed(1);
  const seconds = times.reduce((sum, time) => sum + time, 0) / 1000;
  const rate = (times.length / seconds).toFixed(1);
  const late = times.filter((time) => time > 34).length;
  console.log(
    `${what.padEnd(34)} ${rate} frames a second, median ${at(0.5)} ms, 99 % within ${at(0.99)} ms, ` +
      `${late} of ${times.length} late by a frame or more`,
  );
}

const site = await serve();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });

await page.goto('about:blank');
tell('an empty page', await frames(page));
for (const speed of ['120', '2400']) {
  await page.goto(`${site.url}#/lab?world=big&seed=4`);
  await page.reload();
  await page.locator('canvas.map').first().waitFor();
  await page.getByRole('switch', { name: 'Keep everybody busy' }).check();
  await page.getByLabel('Speed').selectOption(speed);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  tell(
    `4,096 chunks, ${speed === '2400' ? 'fastest' : `${speed} moves a second`}`,
    await frames(page),
  );
  const count = await page.locator('.count').innerText();
  console.log(`${''.padEnd(34)} ${count.split(' of ')[0]} moves in the end`);
}

await browser.close();
site.close();
