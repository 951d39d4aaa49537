/** Thousands of cells on a canvas, of which those that were touched glow for a while. */
import { fit, type Palette } from './paint.ts';

/** How long a cell that was touched glows, in milliseconds. */
const GLOW = 700;

/** When each cell was touched last, and how. */
export interface Heat {
  readonly when: Float64Array;
  readonly writes: Uint8Array;
}

export function heat(cells: number): Heat {
  return { when: new Float64Array(cells).fill(-GLOW), writes: new Uint8Array(cells) };
}

/** A cell was read or written. */
export function touch({ when, writes }: Heat, cell: number, isWritten: boolean, now: number): void {
  if (cell >= when.length) return;
  when[cell] = now;
  writes[cell] = isWritten ? 1 : 0;
}

/** Draws all cells, and says whether some still glow. */
export function drawCells(
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
