/** Bytes on their way: a dot goes from a node to the storage, or from there to the node. */
import { SLOT_BYTES, UNIT_BYTES } from './hand.ts';
import { type Lab, SPEEDS } from './lab.ts';

/** Faster than this nobody would see it. */
const FASTEST = SPEEDS[2];
const calm = matchMedia('(prefers-reduced-motion: reduce)');

let shown: object | undefined;

/** Shows what the last move has moved. */
export function fly(lab: Lab, root: HTMLElement): void {
  const { fresh, playing, speed } = lab;
  if (fresh === shown) return;
  shown = fresh;
  if (calm.matches || (playing && speed > FASTEST)) return;
  const took = Math.min(600, 900 / Math.max(1, playing ? speed : 2));
  for (const { lane, place, step } of fresh) {
    if (!lane || !place) continue;
    const node = root.querySelector(`[data-lane="${lane.join('.')}"] .role`);
    const cell = cellOf(root, place);
    if (!node || !cell) continue;
    send(
      place.writes ? node : cell,
      place.writes ? cell : node,
      step.startsWith('R') ? 'read' : 'write',
      took,
    );
  }
}

function cellOf(
  root: HTMLElement,
  { origin, at }: { origin: boolean; at: number },
): Element | null {
  if (!origin) return root.querySelector(`[data-slot="${Math.floor(at / SLOT_BYTES)}"]`);
  const unit = Math.floor(at / UNIT_BYTES);
  const chunk = root.querySelector(`td[data-chunk="${unit >> 1}"]`);
  return chunk?.querySelectorAll('.unit')[unit & 1] ?? chunk;
}

function send(from: Element, to: Element, kind: 'read' | 'write', took: number): void {
  const [start, end] = [middle(from), middle(to)];
  const dot = document.createElement('span');
  dot.className = `flight ${kind}`;
  dot.setAttribute('aria-hidden', 'true');
  document.body.append(dot);
  const at = ([x, y]: readonly [number, number]) => `translate(${x}px, ${y}px)`;
  const flight = dot.animate(
    [
      { transform: at(start), opacity: 0.2 },
      { opacity: 1, offset: 0.15 },
      { transform: at(end), opacity: 0.9 },
    ],
    { duration: took, easing: 'cubic-bezier(.4,0,.3,1)' },
  );
  const remove = () => dot.remove();
  flight.finished.then(remove, remove);
}

/** The middle of an element, from the page's corner. */
function middle(element: Element): readonly [number, number] {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2 + scrollX, top + height / 2 + scrollY];
}
