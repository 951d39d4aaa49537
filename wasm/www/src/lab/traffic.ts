/** Orders that keep everybody busy, drawn from a seed: the same seed draws the same. */
import type { Move, Order, Units } from 'shadowvol/sim';

import type { Scene } from './scene.ts';

/** Orders that a thread gets at once. */
const AT_ONCE = 4;
/** Shadow copies that are kept. */
const KEPT = 3;

/** Some orders for everybody who has none. */
export function traffic(scene: Scene, seed: number, at: number): Move[] {
  const draw = drawing(seed, at);
  return scene.nodes.flatMap((of, node) =>
    of.threads.flatMap(({ order }, thread) =>
      order === null ? orders(scene, node, thread, draw) : [],
    ),
  );
}

/** Some orders for the active node. */
export function burst(scene: Scene, seed: number, at: number): Move[] {
  const draw = drawing(seed, at);
  const node = scene.nodes.findIndex(({ active, alive }) => active && alive);
  if (node < 0) return [];
  return Array.from({ length: 6 }, () => give(node, 0, write(scene, draw)));
}

function orders(scene: Scene, node: number, thread: number, draw: Draw): Move[] {
  const of = scene.nodes[node];
  if (!of?.alive) return [];
  const order = of.active ? writes : reads;
  return order(scene, thread, draw).map((order) => give(node, thread, order));
}

function writes(scene: Scene, thread: number, draw: Draw): Order[] {
  const list: Order[] = Array.from({ length: AT_ONCE }, () => write(scene, draw));
  if (thread > 0) return list;
  const oldest = scene.copies[0];
  if (oldest && scene.copies.length >= KEPT) list.splice(draw(AT_ONCE), 0, { delete: oldest.id });
  list.splice(draw(AT_ONCE), 0, 'create');
  return list;
}

function reads(scene: Scene, _: number, draw: Draw): Order[] {
  const { copies } = scene;
  if (copies.length === 0) return ['catch-up'];
  return Array.from({ length: AT_ONCE }, () => {
    const copy = copies[draw(copies.length)]?.id ?? 1;
    return { read: { copy, units: units(scene, draw, 8) } };
  });
}

function write(scene: Scene, draw: Draw): Order {
  return { write: { units: units(scene, draw, 4), value: 2 + draw(25) } };
}

function units(scene: Scene, draw: Draw, most: number): Units {
  const all = scene.units.length;
  const count = 1 + draw(Math.min(most, all));
  const start = draw(all - count + 1);
  return { start, end: start + count };
}

function give(node: number, thread: number, order: Order): Move {
  return { give: { node, thread, order } };
}

/** A whole number from 0 on, less than the one given. */
type Draw = (below: number) => number;

/** Numbers that depend on these two alone (mulberry32). */
function drawing(seed: number, at: number): Draw {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
