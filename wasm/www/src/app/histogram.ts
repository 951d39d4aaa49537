/** A small histogram, as SVG. */
import { html, svg, type TemplateResult } from 'lit-html';

export interface Bar {
  readonly label: string;
  readonly count: number;
}

const [WIDTH, HEIGHT, ROOM] = [260, 64, 16];

export function histogram(
  title: string,
  unit: string,
  bars: readonly Bar[],
  facts: string,
  kind: 'write' | 'read',
): TemplateResult {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const step = WIDTH / Math.max(1, bars.length);
  const said = bars
    .filter(({ count }) => count > 0)
    .map(({ label, count }) => `${label}: ${count}`);
  const bar = ({ label, count }: Bar, nth: number) => {
    const height = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT);
    return svg`
      <rect class="bar-${kind}" x=${nth * step + 1} y=${HEIGHT - height}
        width=${step - 2} height=${height} rx="2"></rect>
      <text x=${nth * step + step / 2} y=${HEIGHT + 12}>${label}</text>`;
  };
  return html`
    <figure class="histogram">
      <figcaption><strong>${title}</strong> <span class="quiet">${unit}</span></figcaption>
      <svg
        viewBox="0 0 ${WIDTH} ${HEIGHT + ROOM}"
        role="img"
        aria-label="${title}. ${said.join(', ') || 'nothing yet'}"
      >
        <line x1="0" x2=${WIDTH} y1=${HEIGHT + 0.5} y2=${HEIGHT + 0.5}></line>
        ${bars.map(bar)}
      </svg>
      <p class="facts">${facts}</p>
    </figure>
  `;
}

/** Numbers in classes that double: 1, 2, 3 to 4, 5 to 8 ... */
export function doubling(values: readonly number[], least = 1, classes = 9): Bar[] {
  const counts = new Array<number>(classes).fill(0);
  for (const value of values) {
    const nth = Math.ceil(Math.log2(Math.max(1, value / least)));
    const into = Math.min(classes - 1, Math.max(0, nth));
    counts[into] = (counts[into] ?? 0) + 1;
  }
  return counts.map((count, nth) => ({
    label: short(least * 2 ** nth, nth === classes - 1),
    count,
  }));
}

/** Small whole numbers, each for itself. */
export function each(values: readonly number[], first: number, last: number): Bar[] {
  const count = (of: number) =>
    values.filter((value) => (of === last ? value >= of : value === of)).length;
  return Array.from({ length: last - first + 1 }, (_, nth) => ({
    label: first + nth === last ? `${last}+` : String(first + nth),
    count: count(first + nth),
  }));
}

/** How many, the middle one and the one that 99 of 100 do not exceed. */
export function facts(values: readonly number[], unit = ''): string {
  if (values.length === 0) return 'nothing yet';
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0;
  return `${values.length} · median ${at(0.5)}${unit} · 99 % ≤ ${at(0.99)}${unit}`;
}

function short(value: number, last: boolean): string {
  const text = value >= 1000 ? `${value / 1000}k`.replace(/(\.\d)\d+/, '$1') : String(value);
  return last ? `${text}+` : text;
}
