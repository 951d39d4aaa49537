/** Colours for canvases, as the style sheet has them for the theme of the moment. */

const STEPS = ['W1', 'W2', 'W3', 'W4', 'R1', 'R2', 'R3', 'R4'] as const;

export interface Palette {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly paper: string;
  readonly panel: string;
  readonly write: string;
  readonly read: string;
  readonly bad: string;
  readonly other: string;
  readonly stale: string;
  /** The fill and the text of each step. */
  readonly steps: Readonly<Record<string, readonly [fill: string, text: string]>>;
  /** What was there first, and what was written later. */
  readonly values: readonly string[];
}

let known: Palette | undefined;

export function palette(): Palette {
  known ??= look();
  return known;
}

/** The theme has changed. */
export function forget(): void {
  known = undefined;
}

function look(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of('ink'),
    quiet: of('quiet'),
    line: of('line'),
    paper: of('paper'),
    panel: of('panel'),
    write: of('write'),
    read: of('read'),
    bad: of('bad'),
    other: of('other'),
    stale: of('r1'),
    steps: Object.fromEntries(
      STEPS.map((step) => [
        step,
        [of(step.toLowerCase()), of(`${step.toLowerCase()}-text`)] as const,
      ]),
    ),
    values: ['cell', 'v0', 'v1', 'v2', 'v3', 'v4', 'v5'].map((name) => of(`value-${name}`)),
  };
}

/** The sizes of canvases, looked at when they change: to ask for one makes the browser lay out. */
const sizes = new WeakMap<Element, readonly [width: number, height: number]>();
const watcher = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    sizes.set(target, [contentRect.width, contentRect.height]);
  }
});

/** A canvas that is as sharp as the screen, and its size in CSS pixels. */
export function fit(canvas: HTMLCanvasElement): {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
} {
  const [width, height] = sizes.get(canvas) ?? watch(canvas);
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

function watch(canvas: HTMLCanvasElement): readonly [width: number, height: number] {
  const size = [canvas.clientWidth, canvas.clientHeight] as const;
  sizes.set(canvas, size);
  watcher.observe(canvas);
  return size;
}
