import type { ShadowCopy } from '../copy.js';
import { ShadowvolError } from '../error.js';
import { whole } from '../medium.js';
import { RawSet } from '../sets/shadowvol.js';
import { realTime } from './clock.js';
import { Conductor, type Tell } from './conductor.js';
import { load } from './load.js';
import { type Copies, named, plan, type SetOptions, type Volumes } from './options.js';
import type { Report } from './report.js';
import { Side } from './side.js';
import { takeTurns } from './turn.js';

/**
 * Lets all participants prepare. No other set takes copies of these volumes from now on, until this one
 * is created or has failed.
 *
 * The steps are `prepareSet`, `create`, then `complete` or `abort`; see {@link backupSet} for all of
 * them in one call. With `await using` a set that is not complete is aborted at the end of the block,
 * whatever has ended it.
 *
 * @throws `set-failed`, a {@link SetFailed}, when a required participant refused or did not answer in
 * time; `creation-in-progress` when another set was first; `too-many-volumes`, `duplicate-volume`.
 * @example
 * await using prepared = await prepareSet({ data, log }, { participants: [cart] });
 * const set = await prepared.create();
 * for await (const piece of set.copies.data.stream()) await upload(piece);
 * await set.complete(true);
 */
export async function prepareSet<const V extends Volumes>(
  volumes: V,
  options: SetOptions = {},
): Promise<PreparedSet<V>> {
  await load();
  const { participants = [], label = '', waitMs = 0, signal, clock = realTime } = options;
  const all = named(volumes);
  const raw = new RawSet(plan(all.keys(), options));
  whole('waitMs', waitMs);
  const endTurns = await takeTurns(all, waitMs, clock, signal);
  const sides = Array.from(all, ([name, volume]) => new Side(name, volume));
  const running = new Running(
    new Conductor(raw, sides, participants, label, clock),
    endTurns,
    signal,
  );
  await running.begin();
  return new PreparedSet(running, Array.isArray(volumes));
}

/** A set that somebody was told of. */
class Running {
  readonly conductor: Conductor;
  readonly #signal: AbortSignal | undefined;
  readonly #stop = () => void this.abort();
  #endTurns: (() => void) | undefined;

  constructor(conductor: Conductor, endTurns: () => void, signal: AbortSignal | undefined) {
    this.conductor = conductor;
    this.#endTurns = endTurns;
    this.#signal = signal;
  }

  async begin(): Promise<void> {
    this.#signal?.addEventListener('abort', this.#stop);
    if (this.#signal?.aborted) this.#stop();
    await this.#ask((set, now) => set.prepare(now));
  }

  async create(): Promise<void> {
    await this.#ask((set, now) => set.create(now));
    this.#giveBack();
  }

  async complete(succeeded: boolean): Promise<Report> {
    await this.#ask((set, now) => set.complete(now, succeeded));
    return this.#end();
  }

  async abort(): Promise<Report> {
    await this.conductor.ask((set, now) => set.abort(now));
    return this.#end();
  }

  /** Goes on to the next step, or throws why the set has failed. */
  async #ask(wish: Tell): Promise<void> {
    try {
      await this.conductor.ask(wish);
    } catch (error) {
      if (!this.conductor.report().failure) throw error;
      // The signal came first, and the set may not be at rest yet.
      await this.abort();
    }
    const { failure } = this.conductor.report();
    if (!failure) return;
    this.#end();
    throw this.conductor.failed(failure);
  }

  #end(): Report {
    this.#giveBack();
    this.#signal?.removeEventListener('abort', this.#stop);
    return this.conductor.report();
  }

  #giveBack(): void {
    this.#endTurns?.();
    this.#endTurns = undefined;
  }
}

/** The participants have prepared, and no other set takes copies of these volumes. */
export class PreparedSet<V extends Volumes> {
  readonly #running: Running;
  readonly #isList: boolean;

  /** @internal */
  constructor(running: Running, isList: boolean) {
    this.#running = running;
    this.#isList = isList;
  }

  /** Who takes part, so far. */
  get report(): Report {
    return this.#running.conductor.report();
  }

  /**
   * Freezes the participants, holds all volumes, takes the copies, and lets all go on.
   *
   * @throws `set-failed` when there is no copy of any volume; `wrong-state` when this was asked before.
   */
  async create(): Promise<CreatedSet<V>> {
    await this.#running.create();
    const { sides } = this.#running.conductor;
    try {
      const reading = sides.map(async ({ name, volume, copy }) => {
        const reader = await volume.reader();
        return [name, await reader.shadowCopy(copy ?? 0)] as const;
      });
      const copies = await Promise.all(reading);
      const found = this.#isList ? copies.map(([, copy]) => copy) : Object.fromEntries(copies);
      return new CreatedSet(this.#running, found as unknown as Copies<V>);
    } catch (error) {
      await this.#running.abort();
      throw error;
    }
  }

  /** Lets everybody go, and deletes the copies. Never wrong, and more than once does no harm. */
  async abort(): Promise<Report> {
    return this.#running.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }
}

/** The copies are there. */
export class CreatedSet<V extends Volumes> {
  readonly #running: Running;
  /** The copies, where the volumes were. */
  readonly copies: Copies<V>;
  /** What all copies carry in the journals of their volumes, in hexadecimal. */
  readonly id: string;

  /** @internal */
  constructor(running: Running, copies: Copies<V>) {
    this.#running = running;
    this.copies = copies;
    const digits = Array.from(running.conductor.id, (byte) => byte.toString(16).padStart(2, '0'));
    this.id = digits.join('');
  }

  /** What it came to, and who took part. */
  get report(): Report {
    return this.#running.conductor.report();
  }

  /**
   * Tells the participants whether the backup is good. The copies stay, either way.
   *
   * @throws `set-failed` when the signal has aborted the set before; `wrong-state` when it is complete.
   */
  async complete(succeeded: boolean): Promise<Report> {
    return this.#running.complete(succeeded);
  }

  /** Deletes the copies, and tells the participants that it came to nothing; too late once complete. */
  async abort(): Promise<Report> {
    return this.#running.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }
}

/** How {@link backupSet} leaves the copies. */
export interface BackupOptions extends SetOptions {
  /** Keep the copies, if `work` throws nothing. Otherwise they are deleted at its end. */
  keep?: boolean;
}

/** What a backup came to. */
export interface BackupResult<T> {
  /** What `work` has given. */
  readonly value: T;
  /** What the set came to, and who took part. */
  readonly report: Report;
}

/**
 * Takes shadow copies of several volumes at one instant, lets `work` read them, and deletes them.
 * Applications take part as participants: they prepare, are frozen, and go on when the copies have been
 * taken; at the end they hear whether the backup is good, that is, whether `work` threw nothing.
 *
 * It is all or nothing: when anything fails, every participant is let go, writes go on, and no copy is
 * left.
 *
 * @throws What `work` throws; else as {@link prepareSet} and {@link PreparedSet.create}.
 * @example
 * const { report } = await backupSet({ data, log }, { participants: [cart] }, async (copies) => {
 *   for await (const piece of copies.data.stream()) await upload(piece);
 * });
 * console.log(report.outcome, report.tookPart); // 'application-consistent', ['cart']
 */
export async function backupSet<const V extends Volumes, T>(
  volumes: V,
  options: BackupOptions,
  work: (copies: Copies<V>, set: CreatedSet<V>) => T | PromiseLike<T>,
): Promise<BackupResult<T>> {
  const prepared = await prepareSet(volumes, options);
  try {
    const set = await prepared.create();
    const value = await work(set.copies, set);
    const report = await set.complete(true);
    if (!options.keep) await remove(volumes, set.copies);
    return { value, report };
  } finally {
    // Where the set is complete, this changes nothing.
    await prepared.abort();
  }
}

async function remove<V extends Volumes>(volumes: V, copies: Copies<V>): Promise<void> {
  const found = copies as unknown as Readonly<Record<string, ShadowCopy>>;
  for (const [name, volume] of named(volumes)) {
    const copy = found[name];
    if (copy) await volume.deleteShadowCopy(copy.id).catch(unlessGone);
  }
}

/** Somebody else may have deleted a copy, or a full diff area have let it go. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ShadowvolError && error.kind === 'gone')) throw error;
}
