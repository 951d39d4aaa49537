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

  /** Whether something fades, so that it has to be drawn again. */
  draw(lab: Lab, origin: HTMLCanvasElement, diff: HTMLCanvasElement, now: number): boolean {
    const { scene } = lab;
    if (!scene) return false;
    const chunks = Math.ceil(scene.units.length / 2);
    if (this.#origin.when.length !== chunks) this.#origin = heat(chunks);
    if (this.#diff.when.length !== scene.slots.length) this.#diff = heat(scene.slots.length);
    this.#warm(lab, now);
    const colours = palette();
    const chunk = (nth: number) => chunkColour(scene, nth, colours);
    const slot = (nth: number) => slotColour(scene, nth, colours);
    const first = drawCells(origin, this.#origin, chunk, colours, now);
    const second = drawCells(diff, this.#diff, slot, colours, now);
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

function chunkColour(scene: Scene, chunk: number, { bad, values, panel }: Palette): Colour {
  const [first = 0, second = 0] = [scene.units[chunk * 2], scene.units[chunk * 2 + 1]];
  if (first === TORN || second === TORN) return rgb(bad);
  const value = Math.max(first, second);
  const nth = value <= 1 ? 0 : 1 + ((value - 2) % 6);
  return rgb(values[nth] ?? panel);
}

function slotColour(scene: Scene, slot: number, colours: Palette): Colour {
  switch (scene.slots[slot]) {
    case SLOT.superblock:
      return rgb(colours.ink);
    case SLOT.journal:
    case SLOT.taken:
      return rgb(colours.quiet);
    case SLOT.preserved:
      return rgb(colours.read);
    case SLOT.stale:
      return rgb(colours.stale);
    default:
      return rgb(colours.values[0] ?? colours.panel);
  }
}
