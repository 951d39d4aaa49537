/** A volume of thousands of chunks, and its diff area, as maps: one cell for each, on a canvas. */
import { type Colour, drawCells, heat, type Heat, rgb, touch } from '../app/cells.ts';
import { palette, type Palette } from '../app/paint.ts';
import { SLOT_BYTES } from './hand.ts';
import type { Lab } from './lab.ts';
import { type Scene, SLOT, TORN } from './scene.ts';

/** Draws maps; remembers what was touched, so that it fades. */
export class Maps {
  #origin: Heat = heat(0);
  #diff: Heat = heat(0);
  /** The last event that was seen. */
  #seen: object | undefined;
  /** The colours of the cells, and what they were made from. */
  #base: Base | undefined;

  /** Whether something fades, so that it has to be drawn again. */
  draw(lab: Lab, origin: HTMLCanvasElement, diff: HTMLCanvasElement, now: number): boolean {
    const { scene } = lab;
    if (!scene) return false;
    const chunks = Math.ceil(scene.units.length / 2);
    if (this.#origin.when.length !== chunks) this.#origin = heat(chunks);
    if (this.#diff.when.length !== scene.slots.length) this.#diff = heat(scene.slots.length);
    this.#warm(lab, now);
    const colours = palette();
    if (this.#base?.scene !== scene || this.#base.colours !== colours) {
      this.#base = baseOf(scene, colours);
    }
    const first = drawCells(origin, this.#origin, this.#base.chunks, colours, now);
    const second = drawCells(diff, this.#diff, this.#base.slots, colours, now);
    return first || second;
  }

  #warm({ events, at }: Lab, now: number): void {
    const fresh = [];
    for (let nth = events.length - 1; nth >= 0 && fresh.length < 2000; nth--) {
      const event = events[nth];
      if (!event || event === this.#seen) break;
      fresh.push(event);
    }
    this.#seen = events.at(-1);
    for (const { place, move } of fresh) {
      if (!place || move > at) continue;
      const heat = place.origin ? this.#origin : this.#diff;
      touch(heat, Math.floor(place.at / SLOT_BYTES), place.writes, now);
    }
  }
}

interface Base {
  readonly scene: Scene;
  readonly colours: Palette;
  readonly chunks: Uint32Array;
  readonly slots: Uint32Array;
}

function baseOf(scene: Scene, colours: Palette): Base {
  const { bad, values, panel, ink, quiet, read, stale } = colours;
  const { units, slots } = scene;
  const [torn, ...shades] = [bad, ...values].map(rgb);
  const shade = (value: number) => shades[value <= 1 ? 0 : 1 + ((value - 2) % 6)] ?? rgb(panel);
  const chunks = new Uint32Array(Math.ceil(units.length / 2));
  for (let nth = 0; nth < chunks.length; nth++) {
    const [first = 0, second = 0] = [units[nth * 2], units[nth * 2 + 1]];
    const isTorn = first === TORN || second === TORN;
    chunks[nth] = isTorn ? (torn ?? 0) : shade(Math.max(first, second));
  }
  const kinds = new Map<number, Colour>([
    [SLOT.superblock, rgb(ink)],
    [SLOT.journal, rgb(quiet)],
    [SLOT.taken, rgb(quiet)],
    [SLOT.preserved, rgb(read)],
    [SLOT.stale, rgb(stale)],
  ]);
  const free = shade(0);
  return {
    scene,
    colours,
    chunks,
    slots: Uint32Array.from(slots, (kind) => kinds.get(kind) ?? free),
  };
}
