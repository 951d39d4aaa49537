/** Time that passes only when nothing else is to be done: what takes a minute is tested at once. */
import type { Clock } from 'shadowvol/sets';

export class VirtualClock implements Clock {
  #now = 1000;
  readonly #alarms = new Map<object, { at: number; ring: () => void }>();

  now(): number {
    return this.#now;
  }

  /** Milliseconds that have passed. */
  get passed(): number {
    return this.#now - 1000;
  }

  /** Alarms that would still ring. */
  get alarms(): number {
    return this.#alarms.size;
  }

  alarm(after: number, ring: () => void): () => void {
    const key = {};
    this.#alarms.set(key, { at: this.#now + after, ring });
    return () => this.#alarms.delete(key);
  }

  /** Ends in so many milliseconds. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.alarm(milliseconds, resolve));
  }

  /** Lets time pass, from alarm to alarm, until the work has ended. */
  async run<T>(work: Promise<T>): Promise<T> {
    let running = true;
    const end = () => {
      running = false;
    };
    work.then(end, end);
    for (await calm(); running; await calm()) {
      if (!this.ring()) throw new Error('nobody waits for any time, and nothing goes on');
    }
    return work;
  }

  /** Lets so many milliseconds pass. */
  async pass(milliseconds: number): Promise<void> {
    await this.run(this.sleep(milliseconds));
    await calm();
  }

  private ring(): boolean {
    const [first] = [...this.#alarms].sort(([, one], [, other]) => one.at - other.at);
    if (!first) return false;
    const [key, { at, ring }] = first;
    this.#alarms.delete(key);
    this.#now = Math.max(this.#now, at);
    ring();
    return true;
  }
}

/** Everything that goes on by itself has done so. */
export async function calm(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resume) => setImmediate(resume));
}
