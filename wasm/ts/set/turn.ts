import { ShadowvolError } from '../error.js';
import type { Volume } from '../volume.js';
import type { Clock } from './clock.js';

/** The volumes of which a set is taking copies. One set at a time: the next waits, or is told. */
const taken = new WeakSet<Volume>();
/** Sets that wait until another one has ended. */
let waiting: (() => void)[] = [];

/**
 * Takes the turns of all volumes at once, so that no two sets wait for each other, and gives the
 * function that gives them back. It waits for so many milliseconds at most, and not when the signal
 * aborts: then there is nothing to give back.
 *
 * @throws `creation-in-progress`
 */
export async function takeTurns(
  volumes: ReadonlyMap<string, Volume>,
  patience: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<() => void> {
  const until = clock.now() + patience;
  for (;;) {
    if (signal?.aborted) return () => {};
    const busy = [...volumes].find(([, volume]) => taken.has(volume));
    if (!busy) break;
    const left = until - clock.now();
    if (left <= 0) {
      const who = `another set is taking a copy of volume \`${busy[0]}\``;
      const message = `${who}; try again, or say how long to wait with waitMs`;
      throw new ShadowvolError('creation-in-progress', message);
    }
    await change(left, clock, signal);
  }
  for (const volume of volumes.values()) taken.add(volume);
  return () => {
    for (const volume of volumes.values()) taken.delete(volume);
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
}

/** Another set has ended, or the time is over, or the signal aborts. */
async function change(left: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  let silence = () => {};
  let wake = () => {};
  await new Promise<void>((resolve) => {
    wake = resolve;
    waiting.push(wake);
    silence = clock.alarm(left, wake);
    signal?.addEventListener('abort', wake);
  });
  silence();
  signal?.removeEventListener('abort', wake);
  waiting = waiting.filter((other) => other !== wake);
}
