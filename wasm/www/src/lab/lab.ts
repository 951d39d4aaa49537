/**
 * The laboratory's state: a world in a worker, how it is played, and what is known of it here. Views
 * draw it, and ask it for things; it tells them when something has changed.
 */
import type { Action, Answer, Move, Rule, SimEvent, ToldEvent } from 'shadowvol/sim';

import type { Ask, Frame, Library, Past, Phase, Reply, Request } from './frame.ts';
import type { Hand } from './hand.ts';
import type { LabState } from './link.ts';
import type { Scene } from './scene.ts';
import { scenarioOf } from './worlds.ts';

/** Moves a second; the last is as many as the machine can. */
export const SPEEDS = [1, 3, 8, 30, 120, 2400] as const;
/** Moves that are made at once at most: a frame is not to wait for longer. */
const MOST_AT_ONCE = 400;
/** Events that are kept; those round a move of longer ago are asked for when it is gone back to. */
const MOST_KEPT = 5000;
/** Moves whose events are wanted on both sides of the present one: more than a lane shows. */
const REACH = 150;

export class Lab {
  world = 'race';
  without: readonly Rule[] = [];
  seed = 1;

  scene: Scene | undefined;
  at = 0;
  length = 0;
  /**
   * What has happened and, behind moves that were taken back, would happen again; if it is a lot, a
   * stretch of it.
   */
  events: ToldEvent[] = [];
  answers: Answer[] = [];
  choices: readonly SimEvent[] = [];
  hands: readonly Hand[] = [];
  over = false;
  broken: string | null = null;
  log = '';

  playing = false;
  /** Whether whoever is idle gets orders. */
  traffic = false;
  speed: number = SPEEDS[1];
  /** Why the last request was refused. */
  refused: string | null = null;
  /** The events of the last move, if it was one alone: what may be shown as moving. */
  fresh: readonly ToldEvent[] = [];

  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, { done(reply: Reply): void; fail(error: Error): void }>();
  readonly #listeners = new Set<() => void>();
  #next = 0;
  #due = 0;
  #last = 0;
  #moving = false;
  /** Moves whose events are here: those behind the one, and up to the other. */
  #behind = -1;
  #until = 0;
  #asksPast = false;
  /** The scene is one of some moves ago. */
  #isOld = false;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('error' in data) waiting?.fail(new Error(data.error));
      else waiting?.done(data);
    });
    this.#worker.addEventListener('error', (event) => {
      this.refused = event.message || 'the simulator could not be loaded';
      this.#changed();
    });
  }

  /** Calls back whenever something has changed. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** What there is to begin with. */
  async library(): Promise<Library> {
    const reply = await this.#post('library');
    return 'library' in reply ? reply.library : { worlds: [], rules: [] };
  }

  /** Begins a world. */
  async begin(world: string, without: readonly Rule[], seed = this.seed): Promise<void> {
    await this.restore({ world, without, seed, log: '', at: 0 });
  }

  /** Begins a world, and makes the moves of a link. */
  async restore({ world, without, seed, log, at }: LabState): Promise<void> {
    const scenario = scenarioOf(world, without);
    await this.#anew(world, without, seed, { load: { scenario, seed, log, at } });
  }

  /** Begins a world in which a schedule is ready to be played. */
  async prepare(
    world: string,
    without: readonly Rule[],
    actions: readonly Action[],
  ): Promise<void> {
    const scenario = scenarioOf(world, without);
    await this.#anew(world, without, 1, { script: { scenario, seed: 1, actions } });
  }

  /** Begins a world in which what a plan leads to is ready to be played. */
  async plan(world: string, without: readonly Rule[], phases: readonly Phase[]): Promise<void> {
    const scenario = scenarioOf(world, without);
    await this.#anew(world, without, 1, { plan: { scenario, seed: 1, phases } });
  }

  /** Makes moves: those that were taken back are forgotten. */
  async make(...moves: Move[]): Promise<void> {
    if (moves.length > 0) await this.#ask({ make: moves });
  }

  /** Lets one thing happen. */
  async choose(choice: SimEvent): Promise<void> {
    if (choice.action) await this.make({ act: choice.action });
  }

  /** Gives the active node some writes. */
  async burst(): Promise<void> {
    await this.#ask({ burst: true });
  }

  /** One move on. */
  async step(): Promise<void> {
    this.pause();
    await this.#ask({ advance: { moves: 1, traffic: this.traffic, hurried: false } });
  }

  /** Goes to where so many moves have been made. */
  async seek(at: number): Promise<void> {
    this.pause();
    await this.#ask({ seek: Math.max(0, Math.min(this.length, at)) });
  }

  play(): void {
    if (this.playing) return;
    this.playing = true;
    this.#due = 1;
    this.#last = performance.now();
    this.#changed();
    requestAnimationFrame((now) => this.#tick(now));
  }

  pause(): void {
    if (!this.playing) return;
    this.playing = false;
    this.#changed();
    if (this.#isOld) void this.#ask({ seek: this.at });
  }

  toggle(): void {
    if (this.playing) this.pause();
    else if (this.at === this.length && this.over && !this.traffic) void this.#again();
    else this.play();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.#changed();
  }

  setTraffic(traffic: boolean): void {
    this.traffic = traffic;
    this.#changed();
  }

  state(): LabState {
    const { world, without, seed, log, at } = this;
    return { world, without, seed, log, at };
  }

  /** Whether it goes so fast that nobody could read along. */
  get isFast(): boolean {
    return this.playing && this.speed > 30;
  }

  /** Whether something can be played. */
  get canPlay(): boolean {
    return this.at < this.length || ((!this.over || this.traffic) && this.broken === null);
  }

  async #again(): Promise<void> {
    await this.seek(0);
    if (this.length > 0) this.play();
  }

  /** One frame of the screen while the world is played. */
  #tick(now: number): void {
    if (!this.playing) return;
    requestAnimationFrame((next) => this.#tick(next));
    this.#due = Math.min(this.#due + ((now - this.#last) * this.speed) / 1000, MOST_AT_ONCE);
    this.#last = now;
    if (this.#moving || this.#due < 1) return;
    const moves = Math.floor(this.#due);
    this.#due -= moves;
    this.#moving = true;
    void this.#advance(moves).finally(() => {
      this.#moving = false;
    });
  }

  async #advance(moves: number): Promise<void> {
    const before = this.at;
    await this.#ask({ advance: { moves, traffic: this.traffic, hurried: true } });
    if (this.at === before || (this.broken !== null && this.at === this.length)) this.pause();
  }

  async #anew(world: string, without: readonly Rule[], seed: number, ask: Ask): Promise<void> {
    this.playing = false;
    const frame = await this.#send(ask).catch((error: Error) => error);
    if (frame instanceof Error) {
      this.refused = frame.message;
      this.#changed();
      return;
    }
    Object.assign(this, { world, without, seed, refused: null });
    this.#show(frame);
  }

  async #ask(ask: Ask): Promise<void> {
    try {
      const frame = await this.#send(ask);
      this.refused = null;
      this.#show(frame);
    } catch (error) {
      this.refused = error instanceof Error ? error.message : String(error);
      this.playing = false;
      this.#changed();
    }
  }

  /** Asks for the events round the present move, if they are not here. */
  async #remember(): Promise<void> {
    const isHere =
      (this.#behind < 0 || this.at - REACH >= this.#behind) &&
      (this.#until >= this.length || this.at + REACH <= this.#until);
    if (isHere || this.#asksPast) return;
    this.#asksPast = true;
    try {
      const reply = await this.#post('around');
      if ('past' in reply) this.#recall(reply.past);
    } catch (error) {
      this.refused = error instanceof Error ? error.message : String(error);
    } finally {
      this.#asksPast = false;
    }
    this.#changed();
  }

  #recall({ behind, until, events }: Past): void {
    this.events = [...events];
    this.#behind = behind;
    this.#until = until;
  }

  async #send(ask: Ask): Promise<Frame> {
    const reply = await this.#post(ask);
    if ('frame' in reply) return reply.frame;
    throw new Error('the simulator has answered something else');
  }

  #post(ask: Request['ask']): Promise<Reply> {
    return new Promise((done, fail) => {
      const id = this.#next++;
      this.#waiting.set(id, { done, fail });
      const request: Request = { id, ask };
      this.#worker.postMessage(request);
    });
  }

  #show(frame: Frame): void {
    const { events, answers, behind, scene, ...rest } = frame;
    const before = this.at;
    this.#renew(behind, events, frame.length);
    renew(this.answers, behind, answers);
    if (this.answers.length > MOST_KEPT * 1.5) {
      this.answers.splice(0, this.answers.length - MOST_KEPT);
    }
    Object.assign(this, rest);
    this.#isOld = scene === undefined;
    this.scene = scene ?? this.scene;
    this.fresh = frame.at === before + 1 ? this.events.filter(({ move }) => move === frame.at) : [];
    void this.#remember();
    this.#changed();
  }

  #renew(behind: number, events: readonly ToldEvent[], length: number): void {
    if (behind > length) return;
    // Between these and those that are here, some are missing.
    const isApart = behind > this.#until;
    if (isApart) this.events.length = 0;
    if (isApart || behind < this.#behind) this.#behind = behind;
    renew(this.events, behind, events);
    this.#until = length;
    if (this.events.length <= MOST_KEPT * 1.5) return;
    // All events of a move, or none.
    this.#behind = this.events[this.events.length - MOST_KEPT]?.move ?? -1;
    this.events = this.events.filter(({ move }) => move > this.#behind);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Puts what has happened behind a move in the place of what was there. */
function renew<T extends { readonly move: number }>(
  list: T[],
  behind: number,
  fresh: readonly T[],
): void {
  let kept = list.length;
  while (kept > 0 && (list[kept - 1]?.move ?? 0) > behind) kept--;
  list.length = kept;
  for (const item of fresh) list.push(item);
}
