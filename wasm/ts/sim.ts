/**
 * The simulator: the protocol that ships, run one step at a time, and the explorer that goes through
 * all that can ever happen. A module of its own, `shadowvol/sim`, so that who needs no simulator does
 * not load it.
 */
import { ShadowvolError } from './error.js';
import init, { RawExplorer, RawLibrary, RawSimulation } from './sim/shadowvol.js';
import { Module, type Source } from './module.js';

export type { ErrorFacts, ErrorKind } from './error.js';
export { ShadowvolError };

/** Units of the simulated volume; two are a chunk. The end is not included. */
export interface Units {
  readonly start: number;
  readonly end: number;
}

/** One request to a node. Each unit holds a small number: 1 at the beginning, 0 when discarded. */
export type Order =
  | { readonly write: { readonly units: Units; readonly value: number } }
  | { readonly discard: { readonly units: Units } }
  | 'create'
  /** Takes a copy that is unfinished: it can be amended, whole chunks at a time, until it is finished. */
  | 'make'
  | { readonly amend: { readonly copy: number; readonly units: Units; readonly value: number } }
  | { readonly finish: number }
  | { readonly delete: number }
  /** Only in what a scenario asks for. */
  | { readonly revert: number }
  | 'settle'
  | { readonly look: { readonly units: Units } }
  /** What is done ahead of a large discard: units are preserved, and none is changed. */
  | { readonly ahead: { readonly units: Units } }
  | 'compact'
  | 'flush'
  | 'take-role'
  | 'close'
  /** Only to passive nodes, as are the next two. */
  | 'catch-up'
  | { readonly read: { readonly copy: number; readonly units: Units } }
  /** Finds out which units are zeros without reading them, from the first one on. */
  | { readonly zeros: { readonly copy: number; readonly units: Units } };

/** Rules of the protocol, each of which can be taken away. */
export type Rule =
  | 'CommitBeforeOverwrite'
  | 'BarrierBehindRecords'
  | 'SlotChecksums'
  | 'OneCommitAtATime'
  | 'FreeBeforeReuse'
  | 'LeaveBeforeReuse'
  | 'DrainBeforeCreate'
  | 'FlushBeforeCreate'
  | 'ConfirmAbsence'
  | 'ReadBeforeConfirm'
  | 'ConfirmHoles'
  | 'CheckAlive'
  | 'SuperblockAfterTail'
  | 'ReadWhatShows'
  | 'PassivesNeverWrite'
  | 'FenceBeforeLoad'
  | 'FencedStops'
  | 'NewGenerationWithRole'
  | 'JournalBeforeSuperblock'
  | 'TwoPlacesInTurn'
  | 'FullFails'
  | 'DropLast'
  | 'BarrierBehindGrowth'
  | 'DrainBeforeRevert'
  | 'PreserveBeforeSettle'
  | 'BarrierBeforeSettled'
  | 'SettleBeforeOverwrite'
  | 'MarkBeforePreserve'
  | 'KeepRevertedTo'
  | 'AmendBeforeFinish'
  | 'FinishedForEver'
  | 'AmendedAtOnce'
  | 'ForgetUnfinished'
  | 'ReleaseAlways'
  | 'GiveBackUnused'
  | 'SweepDeleted'
  | 'SweepAtRecovery'
  | 'FreeOldJournal'
  | 'TornTwiceIsTruth'
  | 'DecideDoubts'
  | 'NoteNews'
  | 'FollowLoaded';

/** A world: what is not given is as in the proven world that it begins with, or as a volume of two chunks. */
export interface Scenario {
  /** The name of a proven world to begin with; see {@link worlds}. */
  world?: string;
  /** Rules that the nodes do not keep. */
  without?: readonly Rule[];
  /** Units of the volume; two are a chunk. */
  units?: number;
  /** Slots of the diff area, those of the superblocks and the journal included. */
  slots?: number;
  /** Slots of a journal segment. */
  segment?: number;
  /** Whether the oldest copies go when the diff area is full; else writes fail. */
  dropOldest?: boolean;
  coherent?: boolean;
  /** Whether the storage refuses the writes of a node whose role another one takes. */
  reservation?: boolean;
  /** Whether everything is read and checked whenever no active is busy: slow in large worlds. */
  audit?: boolean;
  /** Done before the world begins. */
  before?: readonly Order[];
  /** The orders of each thread of each active node; the first one has the role. */
  actives?: readonly (readonly (readonly Order[])[])[];
  /** The orders of each thread of each passive node. */
  passives?: readonly (readonly (readonly Order[])[])[];
  /** What an active node does after its death, beginning with `take-role`. */
  recovery?: readonly Order[];
  /** How often something may go wrong. */
  mishaps?: { cuts?: number; kills?: number; failures?: number };
}

/** Something that can happen. */
export type Action =
  | { readonly Step: { readonly node: number; readonly thread: number } }
  | { readonly Land: { readonly node: number; readonly thread: number; readonly piece: number } }
  | { readonly Fail: { readonly node: number; readonly thread: number } }
  | { readonly Kill: { readonly node: number } }
  /** A power cut that keeps the loose pieces whose bit is set. */
  | { readonly Cut: { readonly keep: number } };

/** Something that is done to a world from outside. */
export type Move =
  | { readonly act: Action }
  | { readonly give: { readonly node: number; readonly thread: number; readonly order: Order } }
  | { readonly join: { readonly threads: number } };

/** Something that happens, in words. */
export interface SimEvent {
  /** What was done; nothing for what follows from the event before it at once. */
  readonly action: Action | null;
  /** The numbers of the node and its thread; nothing for a power cut. */
  readonly lane: readonly [node: number, thread: number] | null;
  /** The node, as `active 0` or `passive 1.0`. */
  readonly node: string;
  /** `W1` to `W4`, `R1` to `R4`, or what it is a part of: `create`, `compact`, `power` ... */
  readonly step: string;
  readonly text: string;
  /** Where bytes are read or written. */
  readonly place: {
    readonly origin: boolean;
    readonly writes: boolean;
    readonly at: number;
    readonly bytes: number;
    /** The units of the volume among them; null where a unit is torn. */
    readonly units: readonly { readonly unit: number; readonly value: number | null }[];
  } | null;
}

/** An event, with the number of the move that it belongs to: 0 for what came before the first. */
export interface ToldEvent extends SimEvent {
  readonly move: number;
}

/** What a request that reads has found. */
export interface Answer {
  readonly move: number;
  readonly node: number;
  readonly thread: number;
  readonly order: Order;
  /** A value for each unit; null where its bytes are torn. */
  readonly found: readonly (number | null)[];
  readonly error: string | null;
}

/** What a slot of the diff area is in use for. */
export type Slot =
  | { readonly is: 'superblock' | 'journal' | 'taken' | 'free' }
  | {
      readonly is: 'preserved';
      readonly chunk: number;
      /** The newest copy that it answers for. */
      readonly copy: number;
      readonly units: readonly (number | null)[];
      /** No live copy needs it any more. */
      readonly stale: boolean;
    };

/** A node, to draw. */
export interface NodePicture {
  readonly name: string;
  readonly active: boolean;
  /** Whether it has the role, or, for a passive, the journal. */
  readonly alive: boolean;
  readonly ended: string | null;
  readonly epoch: number | null;
  /** The shadow copies that it knows of. */
  readonly copies: readonly number[];
  readonly records: number;
  readonly threads: readonly {
    readonly order: string | null;
    readonly step: string | null;
    readonly state: 'ready' | 'io' | 'waits' | 'idle';
    /** Pieces of its operations that have landed, and all of them. */
    readonly pieces: readonly [landed: number, all: number];
    /** Orders that wait behind this one. */
    readonly waiting: number;
  }[];
}

/** A world, to draw. */
export interface Picture {
  /** What the origin holds; null where bytes are torn. */
  readonly units: readonly (number | null)[];
  readonly slots: readonly Slot[];
  /** Records of the journal in force. */
  readonly records: number;
  /** The newest 200 of them, in order. */
  readonly lines: readonly {
    readonly sequence: number;
    readonly text: string;
    readonly stable: boolean;
  }[];
  readonly generation: readonly [epoch: number, number: number] | null;
  readonly copies: readonly {
    readonly id: number;
    /** What it holds in truth, which no node is asked for. */
    readonly truth: readonly number[];
    /** Whether no write was under way when it was taken. */
    readonly certain: boolean;
    /** Which chunks have a record that answers for it. */
    readonly preserved: readonly boolean[];
  }[];
  readonly nodes: readonly NodePicture[];
  /** Pieces of writes that are not behind a barrier. */
  readonly loose: readonly [origin: number, diff: number];
  readonly broken: string | null;
}

/** What an exploration has found. */
export interface Report {
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  readonly ends: number;
  readonly crashes: number;
  /** Whether it is over: all states were visited, or there is damage. */
  readonly complete: boolean;
  /** The shortest schedule that breaks a promise, and which. */
  readonly damage: { readonly events: readonly SimEvent[]; readonly damage: string } | null;
}

const module = new Module(init, new URL('./sim/shadowvol_bg.wasm', import.meta.url));

/** Loads the simulator. Everything here does so by itself. */
export async function load(source?: Source): Promise<void> {
  await module.load(source);
}

/** The worlds that are proven, with their stories. */
export async function worlds(): Promise<{ name: string; story: string }[]> {
  await load();
  return JSON.parse(RawLibrary.worlds()) as { name: string; story: string }[];
}

/** The rules, each with the name of a world in which there is damage without it. */
export async function rules(): Promise<{ rule: Rule; world: string }[]> {
  await load();
  return JSON.parse(RawLibrary.rules()) as { rule: Rule; world: string }[];
}

/**
 * A world that is played: choose what happens next, give orders, go back and forth. To make a move in
 * the past begins a new future.
 *
 * @example
 * const world = await Simulation.create({ actives: [[[]]], passives: [[[]]] });
 * world.give(0, 0, 'create');
 * world.play(7); // lets things happen, drawn from the seed 7, until nobody can go on
 * world.give(0, 0, { write: { units: { start: 0, end: 2 }, value: 2 } });
 * world.give(1, 0, { read: { copy: 1, units: { start: 0, end: 2 } } });
 * world.play(7);
 * world.answers().at(-1)?.found; // [1, 1]
 * world.seek(0);
 */
export class Simulation {
  readonly #raw: RawSimulation;

  private constructor(raw: RawSimulation) {
    this.#raw = raw;
  }

  /** A world at its beginning. @throws `nonsense` when the scenario makes no sense. */
  static async create(scenario: Scenario = {}): Promise<Simulation> {
    await load();
    return new Simulation(new RawSimulation(JSON.stringify(scenario)));
  }

  /** How many moves have been made. */
  get at(): number {
    return this.#raw.at;
  }

  /** How many moves there are, with those that were taken back. */
  get length(): number {
    return this.#raw.length;
  }

  /** The promise that was broken; nothing more happens then. */
  get broken(): string | undefined {
    return this.#raw.broken;
  }

  /** Whether nobody has anything to do. */
  get over(): boolean {
    return this.#raw.over;
  }

  /** What can happen next; power cuts, which come in many ways, are not told. */
  choices(): SimEvent[] {
    return JSON.parse(this.#raw.choices()) as SimEvent[];
  }

  /** Makes a move. @throws `nonsense` when it cannot be made; nothing has changed then. */
  make(move: Move): void {
    this.#raw.make(JSON.stringify(move));
  }

  /** Lets one thing happen. */
  act(action: Action): void {
    this.make({ act: action });
  }

  /** Gives a thread of a node one more order. */
  give(node: number, thread: number, order: Order): void {
    this.make({ give: { node, thread, order } });
  }

  /** Adds a passive node with so many threads. */
  join(threads = 1): void {
    this.make({ join: { threads } });
  }

  /**
   * Lets up to `moves` things happen that are no mishap, each drawn from the seed and the number of
   * moves made before, and gives how many did. The same seed plays the same.
   */
  play(seed: number, moves = 0xffff_ffff): number {
    return this.#raw.play(seed, moves);
  }

  /** Plays a schedule that an {@link Exploration} has found, or as much of it as is given. */
  follow(events: readonly SimEvent[]): void {
    for (const { action } of events) if (action) this.act(action);
  }

  /** Goes to where so many moves have been made. */
  seek(at: number): void {
    this.#raw.seek(Math.max(0, Math.trunc(at)));
  }

  /** All moves, with those that were taken back: with the scenario, they are the whole state. */
  moves(): Move[] {
    return JSON.parse(this.#raw.moves()) as Move[];
  }

  /** What has happened in moves behind this one; all of it if not given. */
  events(behind = -1): ToldEvent[] {
    return JSON.parse(this.#raw.events(behind)) as ToldEvent[];
  }

  /** What requests that read have found, in moves behind this one. */
  answers(behind = -1): Answer[] {
    return JSON.parse(this.#raw.answers(behind)) as Answer[];
  }

  /** The world as something to draw. */
  picture(): Picture {
    return JSON.parse(this.#raw.picture()) as Picture;
  }

  /** Gives its memory back. */
  close(): void {
    this.#raw.free();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** How far an exploration goes. */
export interface ExploreLimits {
  /** States to visit at most: each takes some kilobytes. */
  states?: number;
  /** Those with the shortest story first, which finds a shortest one, or the deepest: less memory. */
  first?: 'nearest' | 'deepest';
}

/**
 * An exploration of all that can happen in a world, up to the first damage, in slices: run it in a
 * worker, or between frames.
 *
 * @example
 * const exploration = await Exploration.begin({ world: 'overwrite', without: ['ConfirmAbsence'] });
 * while (!exploration.visit(500)) await new Promise((resume) => setTimeout(resume));
 * const { damage } = exploration.report();
 */
export class Exploration {
  readonly #raw: RawExplorer;

  private constructor(raw: RawExplorer) {
    this.#raw = raw;
  }

  /** Begins an exploration. */
  static async begin(scenario: Scenario, limits: ExploreLimits = {}): Promise<Exploration> {
    await load();
    const { states = 2_000_000, first = 'nearest' } = limits;
    const raw = new RawExplorer(JSON.stringify(scenario), states, first === 'nearest');
    return new Exploration(raw);
  }

  /** Goes on from so many states; true when there is nothing more to do. */
  visit(states: number): boolean {
    return this.#raw.visit(states);
  }

  /** States that were met so far. */
  get states(): number {
    return this.#raw.states;
  }

  /** What was found so far. */
  report(): Report {
    return JSON.parse(this.#raw.report()) as Report;
  }

  /** Gives its memory back. */
  close(): void {
    this.#raw.free();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
