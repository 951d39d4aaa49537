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

/** A colour as pictures have it: a byte each for red, which is the lowest, green, blue, and 255. */
export type Colour = number;

export function heat(cells: number): Heat {
  return { when: new Float64Array(cells).fill(-GLOW), writes: new Uint8Array(cells) };
}

/** A cell was read or written. */
export function touch({ when, writes }: Heat, cell: number, isWritten: boolean, now: number): void {
  if (cell >= when.length) return;
  when[cell] = now;
  writes[cell] = isWritten ? 1 : 0;
}

/** Draws all cells, each in its colour, and says whether some still glow. */
export function drawCells(
  canvas: HTMLCanvasElement,
  { when, writes }: Heat,
  base: Uint32Array,
  colours: Palette,
  now: number,
): boolean {
  const { context, width, height } = fit(canvas);
  const side = cellSide(width, height, when.length);
  const across = Math.max(1, Math.floor(width / side));
  const down = Math.ceil(when.length / across);
  const small = picture(across, down);
  const { pixels } = small;
  const [written, read] = [rgb(colours.write), rgb(colours.read)];
  let glows = false;
  pixels.set(base);
  pixels.fill(0, base.length);
  for (let nth = 0; nth < when.length; nth++) {
    const left = 1 - (now - (when[nth] ?? 0)) / GLOW;
    if (left <= 0) continue;
    glows = true;
    pixels[nth] = mix(base[nth] ?? 0, writes[nth] ? written : read, left);
  }
  small.context.putImageData(small.image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small.canvas, 0, 0, across, down, 0, 0, across * side, down * side);
  if (side > 4) drawGrid(context, colours.panel, side, across, down);
  return glows;
}

/** So much of the second colour on the first one. */
function mix(from: Colour, to: Colour, part: number): Colour {
  let mixed = 255 << 24;
  for (let shift = 0; shift < 24; shift += 8) {
    const [low, high] = [(from >> shift) & 255, (to >> shift) & 255];
    mixed |= Math.round(low + (high - low) * part) << shift;
  }
  return mixed;
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
  /** The same bytes, a number for each pixel. */
  readonly pixels: Uint32Array;
}

const pictures = new Map<string, Small>();

/** A picture with a pixel for each cell; it is kept for the next time. */
function picture(across: number, down: number): Small {
  const key = `${across}x${down}`;
  const known = pictures.get(key);
  if (known) return known;
  const canvas = document.createElement('canvas');
  canvas.width = across;
  canvas.height = down;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  const image = context.createImageData(across, down);
  const made = { canvas, context, image, pixels: new Uint32Array(image.data.buffer) };
  pictures.set(key, made);
  return made;
}

const known = new Map<string, Colour>();

/** A colour of the style sheet, `#rrggbb`. */
export function rgb(colour: string): Colour {
  const found = known.get(colour);
  if (found) return found;
  const number = parseInt(colour.slice(1), 16);
  const made = (255 << 24) | ((number & 255) << 16) | (number & 0xff00) | (number >> 16);
  known.set(colour, made);
  return made;
}
