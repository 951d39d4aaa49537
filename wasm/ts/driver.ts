import { RawDriver, RawMedium, Wanted } from './engine/shadowvol.js';
import { mediumError } from './error.js';
import { type Media, Memory, type ReadableMedium } from './medium.js';
import { Port } from './port.js';

/**
 * @internal Drives requests to their ends. The engine does what can be done at once; this waits for
 * promises, and lets requests wait for one another.
 */
export class Driver {
  readonly raw: RawDriver;
  readonly origin: Memory | Port;
  readonly diff: Memory | Port;
  /** Wake the requests that wait until another one has changed something. */
  #waiting: (() => void)[] = [];

  /** The engine has been loaded. */
  constructor(media: Media<ReadableMedium>, writable: boolean) {
    this.origin = port(media.origin, 'origin', writable);
    this.diff = port(media.diff, 'diff area', writable);
    this.raw = new RawDriver(raw(this.origin), raw(this.diff));
  }

  /** How many bytes the media have. */
  async sizes(): Promise<[origin: number, diff: number]> {
    return [await size(this.origin, 'origin'), await size(this.diff, 'diff area')];
  }

  /** Drives a request to its end, and gives what it came to. `gate` is what a creation waits for. */
  async run(request: number, gate?: () => Promise<void>): Promise<unknown> {
    if (request !== 0) await this.#finish(request, gate);
    this.announce();
    return this.outcome(request);
  }

  /** What a request came to that has ended. */
  outcome(request: number): unknown {
    return request === 0 ? undefined : this.raw.outcome(request);
  }

  /** Something has changed that requests may wait for. */
  announce(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits until a condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#turn();
    this.announce();
  }

  async #finish(request: number, gate?: () => Promise<void>): Promise<void> {
    for (;;) {
      const wanted = this.raw.wanted(request);
      // Who waits for a turn has changed nothing that others wait for.
      if (wanted !== Wanted.Turn) this.announce();
      switch (wanted) {
        case Wanted.Nothing:
          return;
        case Wanted.Media:
          await this.#media(request);
          break;
        case Wanted.Gate:
          await gate?.().catch((thrown: unknown) => this.raw.refuse(request, thrown));
          break;
        case Wanted.Inner:
          await this.#finish(this.raw.inner(request));
          break;
        case Wanted.Turn:
          await this.#turn();
      }
      this.raw.resume(request);
    }
  }

  #turn(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }

  /** Tells a request what came of its promises. */
  async #media(request: number): Promise<void> {
    const { raw } = this;
    const ended = await Promise.allSettled(raw.promises(request));
    ended.forEach((of, nth) => of.status === 'fulfilled' && raw.fulfil(request, nth, of.value));
    const nth = ended.findIndex(({ status }) => status === 'rejected');
    if (nth < 0) return;
    const cause: unknown = (ended[nth] as PromiseRejectedResult).reason;
    const found = await size(this.diff, 'diff area').catch(() => undefined);
    raw.fail(request, nth, cause, isFull(cause), found);
  }
}

function port(medium: ReadableMedium | Memory, name: string, writable: boolean): Memory | Port {
  return medium instanceof Memory ? medium : new Port(medium, name, writable);
}

function raw(medium: Memory | Port): RawMedium {
  return medium instanceof Memory ? medium.raw() : RawMedium.object(medium);
}

async function size(medium: Memory | Port, name: string): Promise<number> {
  try {
    const size = await medium.size();
    if (Number.isInteger(size) && (size as number) >= 0) return size as number;
  } catch (cause) {
    throw mediumError(name, cause);
  }
  throw mediumError(name, new TypeError('its size is no number'));
}

/** Whether an error is a lack of space, as browsers and Node tell it. */
function isFull(cause: unknown): boolean {
  const { name, code } = (cause ?? {}) as { name?: unknown; code?: unknown };
  return name === 'QuotaExceededError' || ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code as string);
}
