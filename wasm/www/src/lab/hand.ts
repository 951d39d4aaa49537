/** What readers have in their hands: which values a read has brought so far, and from where. */
import type { Answer, ToldEvent } from 'shadowvol/sim';

import { SLOT, TORN, type Scene } from './scene.ts';

/** Bytes of a unit and of a slot of the simulator. */
export const UNIT_BYTES = 2048;
export const SLOT_BYTES = 4096;

export type Verdict = 'right' | 'wrong' | 'failed';

/** A read of a passive node's thread, under way or ended. */
export interface Hand {
  readonly node: number;
  readonly thread: number;
  readonly copy: number;
  /** The first unit. */
  readonly start: number;
  /** What each unit was found to be; nothing before it is there, {@link TORN} for no value. */
  readonly values: readonly (number | undefined)[];
  readonly from: readonly ('volume' | 'slot' | undefined)[];
  readonly verdict?: Verdict;
  readonly error?: string;
}

/** The hands after one more move. */
export function follow(
  hands: readonly Hand[],
  events: readonly ToldEvent[],
  answers: readonly Answer[],
  scene: Scene,
  broken: boolean,
): readonly Hand[] {
  let next = hands;
  for (const event of events) next = followEvent(next, event, scene);
  for (const answer of answers) next = followAnswer(next, answer, scene, broken);
  return next;
}

function followEvent(hands: readonly Hand[], event: ToldEvent, scene: Scene): readonly Hand[] {
  if (!event.lane || !event.step.startsWith('R')) return hands;
  const [node, thread] = event.lane;
  if (event.step === 'R1') {
    const order = scene.nodes[node]?.threads[thread]?.order ?? '';
    const found = /^read units (\d+)\.\.(\d+) of copy (\d+)$/.exec(order);
    // Who asks for holes has nothing in the hand.
    if (!found) return hands.filter((hand) => hand.node !== node || hand.thread !== thread);
    const start = Number(found[1]);
    const empty = new Array<undefined>(Number(found[2]) - start).fill(undefined);
    return put(hands, { node, thread, copy: Number(found[3]), start, values: empty, from: empty });
  }
  const hand = hands.find((hand) => hand.node === node && hand.thread === thread);
  if (!hand || !event.place || event.place.writes) return hands;
  const values = [...hand.values];
  const from = [...hand.from];
  for (const [unit, value] of unitsAt(event.place, scene)) {
    const nth = unit - hand.start;
    if (nth < 0 || nth >= values.length) continue;
    values[nth] = value;
    from[nth] = event.place.origin ? 'volume' : 'slot';
  }
  return put(hands, { ...hand, values, from });
}

function followAnswer(
  hands: readonly Hand[],
  answer: Answer,
  scene: Scene,
  broken: boolean,
): readonly Hand[] {
  const { node, thread, order, found, error } = answer;
  if (typeof order === 'string' || !('read' in order)) return hands;
  const { copy, units } = order.read;
  const held = hands.find((hand) => hand.node === node && hand.thread === thread);
  const values = found.map((value) => value ?? TORN);
  const from = held?.from ?? [];
  // A copy that the node has never heard of is found nowhere.
  if (error !== null || found.length === 0) {
    const verdict = broken ? 'wrong' : 'failed';
    const kept = held?.values ?? [];
    return put(hands, {
      node,
      thread,
      copy,
      start: units.start,
      values: kept,
      from,
      verdict,
      error: error ?? 'gone',
    });
  }
  const truth = scene.copies.find(({ id }) => id === copy)?.truth;
  const differs = truth && values.some((value, nth) => value !== truth[units.start + nth]);
  const verdict = broken && (differs ?? true) ? 'wrong' : 'right';
  return put(hands, { node, thread, copy, start: units.start, values, from, verdict });
}

/** The units that lie at a place, with what they hold. */
function unitsAt(place: NonNullable<ToldEvent['place']>, scene: Scene): [number, number][] {
  const first = Math.floor(place.at / UNIT_BYTES);
  const count = Math.max(1, Math.round(place.bytes / UNIT_BYTES));
  const found: [number, number][] = [];
  for (let nth = first; nth < first + count; nth++) {
    if (place.origin) {
      found.push([nth, scene.units[nth] ?? TORN]);
      continue;
    }
    const slot = nth >> 1;
    const kind = scene.slots[slot];
    if (kind !== SLOT.preserved && kind !== SLOT.stale) continue;
    const unit = (scene.slotChunk[slot] ?? 0) * 2 + (nth & 1);
    found.push([unit, scene.slotUnits[nth] ?? TORN]);
  }
  return found;
}

function put(hands: readonly Hand[], hand: Hand): readonly Hand[] {
  const others = hands.filter(({ node, thread }) => node !== hand.node || thread !== hand.thread);
  return [...others, hand];
}
