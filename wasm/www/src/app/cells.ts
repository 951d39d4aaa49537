/**
 * Thousands of cells on a canvas, of which those that were touched glow for a while. Each is a pixel
 * of a small picture that is drawn enlarged, so that they cost no more than a picture does.
 */
import { fit, type Palette } from './paint.ts';

/** How long a cell that was touched glows, in milliseconds. */
const GLOW = 700;

/** Cells, when each was touched last, and how. */
export interface Heat {
  readonly when: Float64Array;
  readonly writes: Uint8Array;
}

/** Red, green and blue. */
export type Colour = readonly [number, number, number];

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
  colour: (nth: number) => Colour,
  colours: Palette,
  now: number,
): boolean {
  const { context, width, height } = fit(canvas);
  const side = cellSide(width, height, when.length);
  const across = Math.max(1, Math.floor(width / side));
  const down = Math.ceil(when.length / across);
  const small = picture(across, down);
  const [written, read] = [rgb(colours.write), rgb(colours.read)];
  let glows = false;
  for (let nth = 0; nth < when.length; nth++) {
    const base = colour(nth);
    const left = 1 - (now - (when[nth] ?? 0)) / GLOW;
    const glow = writes[nth] ? written : read;
    glows ||= left > 0;
    for (let part = 0; part < 3; part++) {
      const [from = 0, to = 0] = [base[part], glow[part]];
      small.data[nth * 4 + part] = left > 0 ? from + (to - from) * left : from;
    }
    small.data[nth * 4 + 3] = 255;
  }
  small.context.putImageData(small.image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small.canvas, 0, 0, across, down, 0, 0, across * side, down * side);
  if (side > 4) drawGrid(context, colours.panel, side, across, down);
  return glows;
}

/** Lines between the cells. */
function drawGrid(
  context: CanvasRenderingContext2D,
  colour: string,
  side: number,
  across: number,
  down: number,
): void {
  context.fillStyle = colour;
  for (let nth = 1; nth <= across; nth++) context.fillRect(nth * side - 1, 0, 1, down * side);
  for (let nth = 1; nth <= down; nth++) context.fillRect(0, nth * side - 1, across * side, 1);
}

/** The largest cells with which all have room. */
function cellSide(width: number, height: number, cells: number): number {
  let side = Math.max(2, Math.floor(Math.sqrt((width * height) / Math.max(1, cells))));
  while (side > 2 && Math.floor(width / side) * Math.floor(height / side) < cells) side--;
  return side;
}

interface Small {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  readonly image: ImageData;
  readonly data: Uint8ClampedArray;
}

const pictures = new Map<string, Small>();

/** A picture with a pixel for each cell; it is kept for the next time. */
function picture(across: number, down: number): Small {
  const key = `${across}x${down}`;
  const known = pictures.get(key);
  if (known) {
    known.data.fill(0);
    return known;
  }
  const canvas = document.createElement('canvas');
  canvas.width = across;
  canvas.height = down;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  const image = context.createImageData(across, down);
  const made = { canvas, context, image, data: image.data };
  pictures.set(key, made);
  return made;
}

const known = new Map<string, Colour>();

/** A colour of the style sheet, `#rrggbb`. */
export function rgb(colour: string): Colour {
  const found = known.get(colour);
  if (found) return found;
  const number = parseInt(colour.slice(1), 16);
  const made: Colour = [(number >> 16) & 255, (number >> 8) & 255, number & 255];
  known.set(colour, made);
  return made;
}
