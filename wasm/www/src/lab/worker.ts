/** The worker in which a world is played, so that the page stays fluent whatever its size. */
import {
  type Action,
  type Move,
  rules,
  type Scenario,
  type SimEvent,
  Simulation,
  worlds,
} from 'shadowvol/sim';

import type { Ask, Frame, Past, Phase, Reply, Request } from './frame.ts';
import { follow, type Hand } from './hand.ts';
import * as logs from './log.ts';
import { sceneOf } from './scene.ts';
import * as orders from './traffic.ts';

/** Units of a world in which every read is followed piece by piece. */
const MOST_FOLLOWED = 64;

/** Moves round one of long ago whose events are told. */
const [REACH_BACK, REACH_ON] = [4000, 1000];

/** How often the scene of a larger one is made while it is played, in milliseconds. */
const SCENE_EVERY = 50;
/** Behind this many moves nothing has happened. */
const NOTHING = Number.MAX_SAFE_INTEGER;

/** A world, with what its player does not keep. */
class Play {
  readonly #sim: Simulation;
  readonly #seed: number;
  readonly #follows: boolean;
  #log: logs.Entry[] = [];
  /** What readers have in hand after each move. */
  #hands: (readonly Hand[])[] = [[]];
  /** Moves from here on are to be told. */
  #untold = -1;
  /** When the last scene was made. */
  #drawn = 0;
  #told: Pick<Frame, 'behind' | 'events' | 'answers'> | undefined;

  private constructor(sim: Simulation, seed: number) {
    this.#sim = sim;
    this.#seed = seed;
    this.#follows = sim.picture().units.length <= MOST_FOLLOWED;
    this.#take();
  }

  static async begin(scenario: Scenario, seed: number): Promise<Play> {
    return new Play(await Simulation.create(scenario), seed);
  }

  close(): void {
    this.#sim.close();
  }

  load(log: string, at: number): void {
    for (const entry of logs.read(log)) {
      if ('move' in entry) this.make(entry.move);
      else if (entry.traffic) this.#busy(entry.drawn, true);
      else this.#draw(entry.drawn);
    }
    this.#rest(at);
  }

  script(actions: readonly Action[]): void {
    for (const action of actions) this.make({ act: action });
    this.#rest(0);
  }

  plan(phases: readonly Phase[]): void {
    for (const { lane, until } of phases) {
      for (;;) {
        const { action, step } = this.#sim.choices().find((event) => isIn(event, lane)) ?? {};
        if (!action) break;
        this.make({ act: action });
        if (step === until) break;
      }
    }
    this.#rest(0);
  }

  seek(at: number): void {
    this.#sim.seek(at);
  }

  make(move: Move): void {
    this.#sim.make(move);
    this.#made({ move });
  }

  burst(): void {
    const scene = sceneOf(this.#sim.picture());
    for (const move of orders.burst(scene, this.#seed, this.#sim.at)) this.make(move);
  }

  advance(moves: number, traffic: boolean): void {
    const there = Math.min(moves, this.#sim.length - this.#sim.at);
    if (there > 0) this.#sim.seek(this.#sim.at + there);
    const left = moves - there;
    if (traffic) this.#busy(left, false);
    else this.#draw(left);
  }

  frame(hurried = false): Frame {
    const sim = this.#sim;
    const told = this.#told ?? this.#tell(this.#untold < 0 ? NOTHING : this.#untold);
    this.#untold = -1;
    this.#told = undefined;
    return {
      ...told,
      scene: this.#scene(hurried),
      at: sim.at,
      length: sim.length,
      choices: sim.choices(),
      hands: this.#hands[sim.at] ?? [],
      over: sim.over,
      broken: sim.broken ?? null,
      log: logs.write(this.#log),
    };
  }

  #scene(hurried: boolean): Frame['scene'] {
    const now = performance.now();
    if (hurried && !this.#follows && now - this.#drawn < SCENE_EVERY) return undefined;
    this.#drawn = now;
    return sceneOf(this.#sim.picture(), this.#follows);
  }

  /** What has happened round the present move. */
  around(): Past {
    const sim = this.#sim;
    const { at } = sim;
    const [behind, until] = [at - REACH_BACK, Math.min(sim.length, at + REACH_ON)];
    sim.seek(until);
    const events = sim.events(behind);
    sim.seek(at);
    return { behind, until, events };
  }

  /** Goes back to a move of a world that was just begun; all that has happened is told. */
  #rest(at: number): void {
    this.#told = this.#tell(-1);
    this.seek(at);
  }

  #tell(behind: number): Pick<Frame, 'behind' | 'events' | 'answers'> {
    if (behind === NOTHING) return { behind, events: [], answers: [] };
    return { behind, events: this.#sim.events(behind), answers: this.#sim.answers(behind) };
  }

  /** Lets things happen that are drawn from the seed. */
  #draw(moves: number): void {
    if (!this.#follows) {
      const drawn = this.#sim.play(this.#seed, moves);
      if (drawn > 0) this.#made({ drawn, traffic: false });
      return;
    }
    for (let nth = 0; nth < moves; nth++) {
      if (this.#sim.play(this.#seed, 1) === 0) return;
      this.#made({ drawn: 1, traffic: false });
    }
  }

  /**
   * The same, and whoever is idle is given orders every so often. They are given together, even if
   * that makes more moves than asked for, unless the number of moves is to be exact: so a log says
   * with a number of moves what has happened, however many were made at a time.
   */
  #busy(moves: number, exact: boolean): void {
    const every = this.#follows ? 8 : 128;
    let left = moves;
    while (left > 0 && this.#sim.broken === undefined) {
      const { at, over } = this.#sim;
      let drawn = over || at % every === 0 ? this.#employ(exact ? left : Infinity) : 0;
      if (drawn === 0) {
        drawn = this.#sim.play(
          this.#seed,
          this.#follows ? 1 : Math.min(left, every - (at % every)),
        );
      }
      if (drawn === 0) return;
      this.#made({ drawn, traffic: true });
      left -= drawn;
    }
  }

  /** Gives orders to whoever has none, and says how many. */
  #employ(most: number): number {
    const given = orders.traffic(sceneOf(this.#sim.picture()), this.#seed, this.#sim.at);
    const kept = given.slice(0, most);
    for (const move of kept) this.#sim.make(move);
    return kept.length;
  }

  /** Moves were made: keeps what belongs to them. */
  #made(entry: logs.Entry): void {
    const size = 'move' in entry ? 1 : entry.drawn;
    const before = this.#sim.at - size;
    this.#log = logs.head(this.#log, before);
    logs.append(this.#log, entry);
    if (this.#untold < 0 || this.#untold > before) this.#untold = before;
    this.#take(before);
  }

  /** Keeps what readers have in hand now. */
  #take(before = 0): void {
    if (!this.#follows) return;
    const sim = this.#sim;
    const since = sim.at === 0 ? -1 : before;
    const hands = follow(
      this.#hands[before] ?? [],
      sim.events(since),
      sim.answers(since),
      sceneOf(sim.picture()),
      sim.broken !== undefined,
    );
    this.#hands.length = before + 1;
    for (let at = before + (sim.at > 0 ? 1 : 0); at <= sim.at; at++) this.#hands[at] = hands;
  }
}

function isIn(event: SimEvent, [node, thread]: readonly [number, number]): boolean {
  return event.lane?.[0] === node && event.lane[1] === thread;
}

let play: Play | undefined;
let queue = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  queue = queue.then(() => answer(data));
});

async function answer({ id, ask }: Request): Promise<void> {
  let reply: Reply;
  try {
    if (ask === 'library')
      reply = { id, library: { worlds: await worlds(), rules: await rules() } };
    else if (ask === 'around') reply = { id, past: begun().around() };
    else reply = { id, frame: await obey(ask) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  postMessage(reply);
}

function begun(): Play {
  if (!play) throw new Error('no world has been begun');
  return play;
}

async function obey(ask: Ask): Promise<Frame> {
  const next = await begin(ask);
  if (next) {
    play?.close();
    play = next;
    return next.frame();
  }
  const present = begun();
  if ('make' in ask) for (const move of ask.make) present.make(move);
  else if ('advance' in ask) present.advance(ask.advance.moves, ask.advance.traffic);
  else if ('burst' in ask) present.burst();
  else if ('seek' in ask) present.seek(ask.seek);
  return present.frame('advance' in ask && ask.advance.hurried);
}

/** Another world, if that is what is asked for. */
async function begin(ask: Ask): Promise<Play | undefined> {
  if ('load' in ask) {
    const { scenario, seed, log, at } = ask.load;
    const next = await Play.begin(scenario, seed);
    next.load(log, at);
    return next;
  }
  if ('script' in ask) {
    const next = await Play.begin(ask.script.scenario, ask.script.seed);
    next.script(ask.script.actions);
    return next;
  }
  if ('plan' in ask) {
    const next = await Play.begin(ask.plan.scenario, ask.plan.seed);
    next.plan(ask.plan.phases);
    return next;
  }
  return undefined;
}
