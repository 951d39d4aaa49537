import type { RawSet } from '../sets/shadowvol.js';
import type { Clock } from './clock.js';
import { type Call, type Participant, type SetCopy, Veto } from './participant.js';
import { type Ask, type Failure, type Part, type Phase, type Report, SetFailed } from './report.js';
import { isPassing, type Side } from './side.js';

/** What the machine wants done. No action waits for another one's answer. */
type Action =
  | { participant: number; number: number; call: Call; succeeded: boolean }
  | { participant?: undefined; volume: number; ask: Ask };

/** Tells the machine something, with the time. */
export type Tell = (set: RawSet, now: number) => void;

/** Drives a set's machine: brings it answers and the time, and does what it wants done. */
export class Conductor {
  readonly id: Uint8Array;
  readonly sides: readonly Side[];
  readonly #set: RawSet;
  readonly #participants: readonly Participant[];
  readonly #label: string;
  readonly #clock: Clock;
  readonly #began: number;
  /** What participants and volumes have thrown, the first thing of each. */
  readonly #thrown = new Map<string, unknown>();
  /** When the volumes began, as the copies say it. */
  #time: number | undefined;
  #silence: (() => void) | undefined;
  /** Requesters that wait until the set is at rest. */
  #waiting: (() => void)[] = [];

  constructor(
    set: RawSet,
    sides: readonly Side[],
    participants: readonly Participant[],
    label: string,
    clock: Clock,
  ) {
    this.id = crypto.getRandomValues(new Uint8Array(16));
    this.sides = sides;
    this.#set = set;
    this.#participants = participants;
    this.#label = label;
    this.#clock = clock;
    this.#began = clock.now();
  }

  /** Tells the set what the requester wants, and waits until it is at rest. */
  async ask(wish: Tell): Promise<void> {
    this.hear(wish);
    if (this.#set.atRest) return;
    await new Promise<void>((rest) => this.#waiting.push(rest));
  }

  /** Tells the set what has happened, and does what that leads to. */
  hear(tell: Tell): void {
    try {
      tell(this.#set, this.#now());
    } finally {
      this.#goOn();
    }
  }

  get phase(): Phase {
    return this.#set.phase as Phase;
  }

  report(): Report {
    const told = this.#set.report() as Omit<Report, 'tookPart'>;
    const tookPart = told.participants
      .filter((part: Part) => !part.leftOut)
      .map(({ name }) => name);
    return { ...told, tookPart };
  }

  /** The error that says why there is no set. */
  failed(failure: Failure): SetFailed {
    const { author, name, reason } = failure;
    const isThrown = reason.kind === 'vetoed' || reason.kind === 'refused';
    const cause = isThrown ? this.#thrown.get(`${author} ${name}`) : undefined;
    return new SetFailed(failure, this.report(), cause);
  }

  #now(): number {
    return this.#clock.now() - this.#began;
  }

  #goOn(): void {
    for (let action = this.#next(); action; action = this.#next()) {
      if (action.participant === undefined) this.#ask(action.volume, action.ask);
      else void this.#call(action.participant, action.number, action.call, action.succeeded);
    }
    this.#silence?.();
    const { deadline } = this.#set;
    this.#silence =
      deadline === undefined
        ? undefined
        : this.#clock.alarm(Math.max(0, deadline - this.#now()), () =>
            this.hear((set, now) => set.tick(now)),
          );
    if (this.#set.atRest) for (const rest of this.#waiting.splice(0)) rest();
  }

  #next(): Action | undefined {
    return this.#set.nextAction() as Action | undefined;
  }

  async #call(nth: number, number: number, call: Call, succeeded: boolean): Promise<void> {
    const participant = this.#participants[nth] as Participant;
    let veto: Veto | undefined;
    try {
      // Nothing of a participant's runs within the call that led to this one.
      await undefined;
      if (call === 'backupComplete') await participant.backupComplete?.(succeeded);
      else if (call === 'postSnapshot') await participant.postSnapshot?.(this.#copies());
      else await participant[call]?.();
    } catch (thrown) {
      this.#note(`participant ${participant.name}`, thrown);
      veto = thrown instanceof Veto ? thrown : new Veto(text(thrown));
    }
    this.hear((set, now) => set.called(now, nth, number, veto?.message, veto?.retryable ?? false));
  }

  #ask(nth: number, ask: Ask): void {
    const side = this.sides[nth] as Side;
    this.#time ??= Date.now();
    const about = { label: this.#label, time: this.#time, set: this.id, copies: this.sides.length };
    const isConsistent = ask === 'finish' && this.report().outcome === 'application-consistent';
    side.ask(ask, about, isConsistent, (asked, refusal) => {
      if (refusal) this.#note(`volume ${side.name}`, refusal.thrown);
      const veto = refusal && text(refusal.thrown);
      const retryable = isPassing(refusal?.thrown);
      this.hear((set, now) => set.asked(now, nth, asked, veto, retryable));
    });
  }

  #copies(): SetCopy[] {
    return this.sides.flatMap(({ name, copy }) => (copy ? [{ volume: name, id: copy }] : []));
  }

  #note(author: string, thrown: unknown): void {
    if (!this.#thrown.has(author)) this.#thrown.set(author, thrown);
  }
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
