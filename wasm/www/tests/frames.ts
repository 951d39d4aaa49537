/**
 * How fluent the page is with 4,096 chunks and four nodes at work: `npm run frames`. Frames a second
 * depend on what else the machine does; the time that the page's own thread computes for each of them
 * does so much less.
 */
import { type CDPSession, chromium, type Page } from 'playwright-core';

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

/** Milliseconds for which the page's thread has computed, in all and in scripts. */
async function computed(session: CDPSession): Promise<readonly [all: number, scripts: number]> {
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string) => (metrics.find((metric) => metric.name === name)?.value ?? 0) * 1000;
  return [of('TaskDuration'), of('ScriptDuration')];
}

async function measure(what: string, page: Page, session: CDPSession): Promise<void> {
  const [before, scriptsBefore] = await computed(session);
  const times = await frames(page);
  const [after, scriptsAfter] = await computed(session);
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)]?.toFixed(1);
  const seconds = times.reduce((sum, time) => sum + time, 0) / 1000;
  const each = (milliseconds: number) => (milliseconds / times.length).toFixed(2);
  const late = times.filter((time) => time > 34).length;
  console.log(
    `${what.padEnd(34)} ${(times.length / seconds).toFixed(1)} frames a second, median ${at(0.5)} ms, ` +
      `99 % within ${at(0.99)} ms, ${late} of ${times.length} late by a frame or more\n${''.padEnd(34)} ` +
      `computes ${each(after - before)} ms a frame, ${each(scriptsAfter - scriptsBefore)} of them in ` +
      `scripts, and ${((after - before) / seconds).toFixed(0)} ms a second`,
  );
}

const site = await serve();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const session = await page.context().newCDPSession(page);
// The thread's own time, which does not go on while others compute.
await session.send('Performance.enable', { timeDomain: 'threadTicks' });

await page.goto('about:blank');
await measure('an empty page', page, session);
for (const speed of ['120', '2400']) {
  await page.goto(`${site.url}#/lab?world=big&seed=4`);
  await page.reload();
  await page.locator('canvas.map').first().waitFor();
  await page.getByRole('switch', { name: 'Keep everybody busy' }).check();
  await page.getByLabel('Speed').selectOption(speed);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  const words = speed === '2400' ? 'fastest' : `${speed} moves a second`;
  await measure(`4,096 chunks, ${words}`, page, session);
  const count = await page.locator('.count').innerText();
  console.log(`${''.padEnd(34)} ${count.split(' of ')[0]} moves in the end`);
}

await browser.close();
site.close();
