import type { ShadowCopy } from '../copy.js';
import { ShadowvolError } from '../error.js';
import { whole } from '../medium.js';
import { RawPlan } from '../sets/shadowvol.js';
import type { Volume } from '../volume.js';
import type { Clock } from './clock.js';
import { DEADLINES, type Deadlines, type Level, type Participant } from './participant.js';

/** The volumes of a set: by any names, or a sequence of them, then named `'0'`, `'1'` ... */
export type Volumes = readonly Volume[] | Readonly<Record<string, Volume>>;

/** The copies of a set, where its volumes were. */
export type Copies<V extends Volumes> = { readonly [Name in keyof V]: ShadowCopy };

/** What a requester wants of a set. */
export interface SetOptions {
  /** The applications that take part. */
  participants?: readonly Participant[];
  /**
   * The names of the participants without which there is no set; all of them if not given. The others
   * are left out when they fail, which the report says.
   */
  required?: readonly string[];
  /** Fail unless all participants, and at least one, take part. */
  applicationConsistent?: boolean;
  /** What to call the copies. */
  label?: string;
  /** Milliseconds from the first freeze to the thaw, at most: 60,000. */
  freezeMs?: number;
  /** Milliseconds for which writes may be held: 10,000. Then they go on, and the set fails. */
  holdMs?: number;
  /** Milliseconds to wait for another set that is taking copies of one of the volumes: none. */
  waitMs?: number;
  /** Aborts the set, wherever it is, unless it is complete. */
  signal?: AbortSignal;
  /** The time that deadlines are counted in, if not the real one. */
  clock?: Clock;
}

/** The volumes by their names. */
export function named(volumes: Volumes): Map<string, Volume> {
  const all = new Map(Object.entries<Volume>(volumes as Record<string, Volume>));
  const known = new Set<Volume>();
  for (const [name, volume] of all) {
    if (known.has(volume)) {
      const message = `volume \`${name}\` is in the set already; add each once`;
      throw new ShadowvolError('duplicate-volume', message);
    }
    known.add(volume);
    if (volume.closed) {
      throw new ShadowvolError('closed', `volume \`${name}\` is closed; open it again`);
    }
  }
  return all;
}

/** The plan of a set, if it makes sense. */
export function plan(volumes: Iterable<string>, options: SetOptions): RawPlan {
  const { participants = [], required, applicationConsistent = false } = options;
  const freeze = whole('freezeMs', options.freezeMs ?? 60_000);
  const hold = whole('holdMs', options.holdMs ?? 10_000);
  const names = new Set(participants.map(({ name }) => name));
  const stranger = required?.find((name) => !names.has(name));
  if (stranger !== undefined) bad(`\`${stranger}\` is required and no participant is named so`);
  if (names.size < participants.length)
    bad('two participants have one name: name each differently');
  const asked = new RawPlan(applicationConsistent, freeze, hold);
  for (const name of volumes) asked.volume(name);
  for (const one of participants) {
    const { name, level = 'front-end', deadlines } = one;
    if (typeof one.abort !== 'function') bad(`the participant \`${name}\` has no method abort`);
    asked.participant(name, required?.includes(name) ?? true, rank(level), spans(deadlines));
  }
  return asked;
}

const LEVELS: readonly Level[] = ['front-end', 'back-end', 'system'];

function rank(level: Level): number {
  const rank = LEVELS.indexOf(level);
  if (rank < 0) bad(`the level ${level}: use one of ${LEVELS.join(', ')}`);
  return rank;
}

function spans(deadlines: Partial<Deadlines> = {}): Float64Array {
  const calls = Object.keys(DEADLINES) as (keyof Deadlines)[];
  const span = (call: keyof Deadlines) =>
    whole(`the deadline of ${call}`, deadlines[call] ?? DEADLINES[call]);
  return Float64Array.from(calls, span);
}

function bad(message: string): never {
  throw new ShadowvolError('bad-argument', message);
}
