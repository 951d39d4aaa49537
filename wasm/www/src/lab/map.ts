/** A volume of thousands of chunks, and its diff area, as maps: one cell for each, on a canvas. */
import type { Lab } from './lab.ts';
import { fit, palette, type Palette } from './paint.ts';
import { type Scene, SLOT, TORN } from './scene.ts';

/** How long a cell that was touched glows, in milliseconds. */
const GLOW = 700;

/** When each unit was touched last, and how. */
interface Heat {
  readonly when: Float64Array;
  readonly writes: Uint8Array;
}

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
      const { when, writes } = place.origin ? this.#origin : this.#diff;
      const cell = Math.floor(place.at / 4096);
      if (cell >= when.length) continue;
      when[cell] = now;
      writes[cell] = place.writes ? 1 : 0;
    }
  }
}

function heat(cells: number): Heat {
  return { when: new Float64Array(cells).fill(-GLOW), writes: new Uint8Array(cells) };
}

function drawCells(
  canvas: HTMLCanvasElement,
  { when, writes }: Heat,
  colour: (nth: number) => string,
  colours: Palette,
  now: number,
): boolean {
  const { context, width, height } = fit(canvas);
  const side = cellSide(width, height, when.length);
  const across = Math.floor(width / side);
  const gap = side > 4 ? 1 : 0;
  let glows = false;
  let style = '';
  for (let nth = 0; nth < when.length; nth++) {
    const next = colour(nth);
    if (next !== style) context.fillStyle = style = next;
    const [x, y] = [(nth % across) * side, Math.floor(nth / across) * side];
    context.fillRect(x, y, side - gap, side - gap);
  }
  for (let nth = 0; nth < when.length; nth++) {
    const left = 1 - (now - (when[nth] ?? 0)) / GLOW;
    if (left <= 0) continue;
    glows = true;
    const [x, y] = [(nth % across) * side, Math.floor(nth / across) * side];
    context.globalAlpha = left;
    context.fillStyle = writes[nth] ? colours.write : colours.read;
    context.fillRect(x - 1, y - 1, side + 1, side + 1);
  }
  context.globalAlpha = 1;
  return glows;
}

/** The largest cells with which all have room. */
function cellSide(width: number, height: number, cells: number): number {
  let side = Math.max(2, Math.floor(Math.sqrt((width * height) / Math.max(1, cells))));
  while (side > 2 && Math.floor(width / side) * Math.floor(height / side) < cells) side--;
  return side;
}

function chunkColour(scene: Scene, chunk: number, colours: Palette): string {
  const [first = 0, second = 0] = [scene.units[chunk * 2], scene.units[chunk * 2 + 1]];
  if (first === TORN || second === TORN) return colours.bad;
  const value = Math.max(first, second);
  const nth = value <= 1 ? 0 : 1 + ((value - 2) % 6);
  return colours.values[nth] ?? colours.panel;
}

function slotColour(scene: Scene, slot: number, colours: Palette): string {
  switch (scene.slots[slot]) {
    case SLOT.superblock:
      return colours.ink;
    case SLOT.journal:
      return colours.quiet;
    case SLOT.preserved:
      return colours.read;
    case SLOT.stale:
      return colours.stale;
    case SLOT.taken:
      return colours.quiet;
    default:
      return colours.values[0] ?? colours.panel;
  }
}
