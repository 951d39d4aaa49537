/** How long requests took, in moves of everybody, and how often readers looked again. */
import type { Answer, ToldEvent } from 'shadowvol/sim';

export interface Measures {
  /** Writes that preserved old bytes, and those that did not have to. */
  readonly firstWrites: readonly number[];
  readonly rewrites: readonly number[];
  readonly reads: readonly number[];
  /** How often each read looked into the journal after it had read. */
  readonly looks: readonly number[];
}

/** A request under way. */
interface Open {
  readonly begun: number;
  last: number;
  preserves: boolean;
  writes: boolean;
  looks: number;
  step: string;
}

const STEPS: ReadonlySet<string> = new Set(['W1', 'W2', 'W3', 'W4', 'R1', 'R2', 'R3', 'R4']);

/** Measures all requests that have ended by a move. */
export function measure(
  events: readonly ToldEvent[],
  answers: readonly Answer[],
  at: number,
): Measures {
  const found = { firstWrites: [], rewrites: [], reads: [], looks: [] } as {
    [key in keyof Measures]: number[];
  };
  const open = new Map<number, Open>();
  const ended = new Map<number, Set<number>>();
  for (const { node, thread, move } of answers) {
    const key = keyOf(node, thread);
    const moves = ended.get(key);
    if (moves) moves.add(move);
    else ended.set(key, new Set([move]));
  }
  for (const event of events) {
    if (event.move > at) break;
    if (event.lane) follow(event, keyOf(...event.lane), open, ended, found);
  }
  return found;
}

/** A thread as a number: there are thousands of events, and strings take their time. */
function keyOf(node: number, thread: number): number {
  return node * 256 + thread;
}

function follow(
  event: ToldEvent,
  key: number,
  open: Map<number, Open>,
  ended: ReadonlyMap<number, ReadonlySet<number>>,
  found: { [key in keyof Measures]: number[] },
): void {
  const { step, move } = event;
  const before = open.get(key);
  if (step === 'W1' || step === 'R1') {
    if (before) end(before, found);
    open.set(key, {
      begun: move,
      last: move,
      preserves: false,
      writes: false,
      looks: 0,
      step,
    });
    return;
  }
  if (!before) return;
  if (step === 'R3' && before.step !== 'R3') before.looks++;
  if (step === 'W2') before.preserves = true;
  if (step === 'W4') before.writes = true;
  if (STEPS.has(step)) before.last = move;
  before.step = step;
  if (step.startsWith('R') && ended.get(key)?.has(move)) {
    end(before, found);
    open.delete(key);
  }
}

function end(request: Open, found: { [key in keyof Measures]: number[] }): void {
  const took = request.last - request.begun + 1;
  if (request.writes) (request.preserves ? found.firstWrites : found.rewrites).push(took);
  else if (request.looks > 0) {
    found.reads.push(took);
    found.looks.push(request.looks);
  }
}
