/** A lane for each thread of each node: its steps as they happened, one column for each event. */
import type { ToldEvent } from 'shadowvol/sim';

import type { Lab } from './lab.ts';
import { fit, palette, type Palette } from '../app/paint.ts';
import type { Scene } from './scene.ts';

const COLUMN = 19;
const BAR = 26;

/** A thread of a node. */
export interface Lane {
  readonly node: number;
  readonly thread: number;
}

export function lanesOf(scene: Scene): Lane[] {
  return scene.nodes.flatMap((of, node) => of.threads.map((_, thread) => ({ node, thread })));
}

/** Where the window of events begins, and how many fit. */
interface View {
  readonly first: number;
  readonly count: number;
}

/** Draws the lanes into their canvases, all with the same window. */
export function drawLanes(lab: Lab, canvases: readonly HTMLCanvasElement[]): void {
  const { scene, events } = lab;
  if (!scene) return;
  const colours = palette();
  lanesOf(scene).forEach((lane, nth) => {
    const canvas = canvases[nth];
    if (!canvas) return;
    const { context, width, height } = fit(canvas);
    // A canvas that has another size now has forgotten all that was set.
    sizes.delete(context);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const view = viewOf(lab, width);
    drawLane(context, colours, events, lane, view, height, lab.at);
    drawHead(context, colours, played(events, lab.at) - view.first, height);
  });
}

/** The move that a place in a lane stands for. */
export function moveAt(lab: Lab, width: number, x: number): number {
  const { first } = viewOf(lab, width);
  const nth = Math.min(lab.events.length - 1, Math.max(0, first + Math.floor(x / COLUMN)));
  return lab.events[nth]?.move ?? 0;
}

/** What has been played stays in the last two thirds. */
function viewOf(lab: Lab, width: number): View {
  const count = Math.max(1, Math.floor(width / COLUMN));
  const head = played(lab.events, lab.at);
  const first = Math.max(0, Math.min(head - Math.floor(count * 0.7), lab.events.length - count));
  return { first, count };
}

/** How many events have happened: they are in order of their moves. */
function played(events: readonly ToldEvent[], at: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.move ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Neighbouring events of one step are one bar, with a mark for each. */
function drawLane(
  context: CanvasRenderingContext2D,
  colours: Palette,
  events: readonly ToldEvent[],
  { node, thread }: Lane,
  { first, count }: View,
  height: number,
  at: number,
): void {
  const top = (height - BAR) / 2;
  const isMine = (event: ToldEvent) => event.lane?.[0] === node && event.lane[1] === thread;
  let open: { from: number; to: number; step: string; past: boolean; marks: number[] } | undefined;
  const close = () => {
    if (open) drawBar(context, colours, open, top, events, first);
    open = undefined;
  };
  for (let nth = 0; nth < count; nth++) {
    const event = events[first + nth];
    if (!event) break;
    if (!event.lane) {
      close();
      drawMishap(context, colours, nth, height);
      continue;
    }
    if (!isMine(event)) continue;
    const past = event.move <= at;
    if (open && open.step === event.step && open.past === past && !begins(event)) {
      open.to = nth;
      open.marks.push(nth);
      continue;
    }
    close();
    open = { from: nth, to: nth, step: event.step, past, marks: [nth] };
  }
  close();
}

function begins({ text, step }: ToldEvent): boolean {
  return step === 'W1' || step === 'R1' || text.startsWith('begins');
}

function drawBar(
  context: CanvasRenderingContext2D,
  colours: Palette,
  {
    from,
    to,
    step,
    past,
    marks,
  }: { from: number; to: number; step: string; past: boolean; marks: number[] },
  top: number,
  events: readonly ToldEvent[],
  first: number,
): void {
  const [fill, text] = colours.steps[step] ?? [colours.other, colours.paper];
  const [x, width] = [from * COLUMN + 1, (to - from + 1) * COLUMN - 2];
  context.globalAlpha = past ? 1 : 0.28;
  context.fillStyle = fill;
  context.beginPath();
  context.roundRect(x, top, width, BAR, 4);
  context.fill();
  context.fillStyle = text;
  const size = step.length > 2 && width < 40 ? 8 : 10;
  const name = nameIn(context, width < 20 ? step.slice(0, 2) : step, size, width);
  context.fillText(name, x + Math.min(width / 2, 12), top + BAR / 2 + 0.5);
  for (const mark of marks) {
    drawMark(context, mark * COLUMN + COLUMN / 2, top, events[first + mark], fill);
  }
  context.globalAlpha = 1;
}

/** How wide names are, which takes long to find out. */
const widths = new Map<string, number>();

/** As much of a name as there is room for, in the font that is set for it. */
function nameIn(
  context: CanvasRenderingContext2D,
  name: string,
  size: number,
  room: number,
): string {
  setFont(context, size);
  const key = `${size} ${name}`;
  let width = widths.get(key);
  if (width === undefined) {
    width = context.measureText(name).width;
    // What is measured before the font is there is that of another one.
    if (document.fonts.status === 'loaded') widths.set(key, width);
  }
  return width <= room - 1 ? name : name.slice(0, 1);
}

const sizes = new WeakMap<CanvasRenderingContext2D, number>();

/** Sets the font, unless it is set: a browser parses it each time. */
function setFont(context: CanvasRenderingContext2D, size: number): void {
  if (sizes.get(context) === size) return;
  context.font = `600 ${size}px "IBM Plex Sans Variable", sans-serif`;
  sizes.set(context, size);
}

/** A read comes from the storage above, a write goes up to it. */
function drawMark(
  context: CanvasRenderingContext2D,
  x: number,
  top: number,
  event: ToldEvent | undefined,
  fill: string,
): void {
  if (!event?.place) return;
  const tip = event.place.writes ? top - 9 : top - 3;
  const base = event.place.writes ? top - 3 : top - 9;
  context.fillStyle = fill;
  context.beginPath();
  context.moveTo(x, tip);
  context.lineTo(x - 3.5, base);
  context.lineTo(x + 3.5, base);
  context.closePath();
  context.fill();
  if (event.place.origin) return;
  // The diff area's marks have a bar, the volume's have none.
  context.fillRect(x - 3.5, top - 12, 7, 1.5);
}

function drawMishap(
  context: CanvasRenderingContext2D,
  colours: Palette,
  nth: number,
  height: number,
): void {
  context.fillStyle = colours.bad;
  context.fillRect(nth * COLUMN + COLUMN / 2 - 1, 0, 2, height);
}

function drawHead(
  context: CanvasRenderingContext2D,
  colours: Palette,
  nth: number,
  height: number,
): void {
  context.fillStyle = colours.ink;
  context.fillRect(nth * COLUMN - 0.5, 0, 1, height);
}
