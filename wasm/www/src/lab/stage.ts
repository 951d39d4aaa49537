/** The shared storage as it is: the volume and its shadow copies, the diff area, the journal. */
import type { ToldEvent } from 'shadowvol/sim';
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';

import { UNIT_BYTES } from './hand.ts';
import type { Lab } from './lab.ts';
import { letter, type Scene, type SceneCopy, SLOT, TORN } from './scene.ts';

/** A volume with more chunks is drawn as a map. */
export const MOST_CHUNKS = 32;

const SLOT_NAMES = ['free', 'superblock', 'journal', 'reserved', 'preserved', 'stale'] as const;

/** What has just been read or written, as marks on units of the volume and of slots. */
interface Touched {
  readonly origin: ReadonlyMap<number, 'r' | 'w'>;
  readonly diff: ReadonlyMap<number, 'r' | 'w'>;
}

export function stage(lab: Lab, scene: Scene): TemplateResult {
  const touched = touchedBy(lab.fresh);
  return html`
    <div class="stage">
      <section class="volume" aria-labelledby="volume-title">
        <h3 id="volume-title">Volume <small>and its shadow copies</small></h3>
        ${matrix(scene, touched)}
      </section>
      <section class="diff" aria-labelledby="diff-title">
        <h3 id="diff-title">Diff area <small>${scene.slots.length} slots</small></h3>
        <ol class="slots" start="0">
          ${Array.from(scene.slots, (_, nth) => slot(scene, nth, touched))}
        </ol>
      </section>
      ${journal(scene)}
    </div>
  `;
}

/** A row for the volume and each copy, a column for each chunk. */
function matrix(scene: Scene, touched: Touched): TemplateResult {
  const chunks = Array.from({ length: Math.ceil(scene.units.length / 2) }, (_, nth) => nth);
  return html`
    <div class="scroller" tabindex="-1">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col"><span class="quiet">chunk</span></th>
            ${chunks.map((chunk) => html`<th scope="col">${chunk}</th>`)}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Volume now</th>
            ${chunks.map(
              (chunk) =>
                html`<td data-chunk=${chunk}>
                  ${pair(scene.units.subarray(chunk * 2, chunk * 2 + 2), chunk * 2, touched.origin)}
                </td>`,
            )}
          </tr>
          ${repeat(
            scene.copies,
            ({ id }) => id,
            (copy) => html`
              <tr class="copy">
                <th scope="row">Copy ${copy.id}</th>
                ${chunks.map((chunk) => copied(scene, copy, chunk))}
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** A chunk of a copy: what it holds in truth, and where that is. */
function copied(scene: Scene, copy: SceneCopy, chunk: number): TemplateResult {
  const truth = copy.truth.subarray(chunk * 2, chunk * 2 + 2);
  if (copy.preserved[chunk]) {
    const slot = slotOf(scene, copy.id, chunk);
    return html`<td class="kept">
      ${pair(truth, 0, undefined)}<small>${slot === undefined ? 'zeros' : `slot ${slot}`}</small>
    </td>`;
  }
  const now = scene.units.subarray(chunk * 2, chunk * 2 + 2);
  const lost = copy.certain && truth.some((value, nth) => value !== now[nth]);
  return html`<td class=${lost ? 'lost' : 'borrowed'}>
    ${pair(truth, 0, undefined)}<small>${lost ? 'lost' : '↑ volume'}</small>
  </td>`;
}

/** The slot that answers for a chunk of a copy: that of the oldest copy that is not older. */
function slotOf(scene: Scene, copy: number, chunk: number): number | undefined {
  let best: number | undefined;
  scene.slots.forEach((kind, nth) => {
    if (kind !== SLOT.preserved || scene.slotChunk[nth] !== chunk) return;
    const of = scene.slotCopy[nth] ?? 0;
    if (of >= copy && (best === undefined || of < (scene.slotCopy[best] ?? 0))) best = nth;
  });
  return best;
}

function slot(scene: Scene, nth: number, touched: Touched): TemplateResult {
  const kind = scene.slots[nth] ?? SLOT.free;
  const name = SLOT_NAMES[kind] ?? 'free';
  const holds = kind === SLOT.preserved || kind === SLOT.stale;
  const hit = touched.diff.get(nth * 2) ?? touched.diff.get(nth * 2 + 1);
  const label = holds
    ? `chunk ${scene.slotChunk[nth]}`
    : kind === SLOT.free
      ? ''
      : name.replace('superb', 'super\u00adb');
  const title = holds
    ? `old bytes of chunk ${scene.slotChunk[nth]}, for copy ${scene.slotCopy[nth]} and older ones`
    : name;
  return html`<li class="slot ${name} ${hit ? `hit-${hit}` : ''}" data-slot=${nth} title=${title}>
    ${
      holds
        ? pair(scene.slotUnits.subarray(nth * 2, nth * 2 + 2), nth * 2, touched.diff)
        : html`<span class="pair blank" aria-hidden="true"></span>`
    }
    <small>${label}</small><span class="index">${nth}</span>
  </li>`;
}

/** The two halves of a chunk. */
export function pair(
  values: ArrayLike<number | undefined>,
  first: number,
  touched: ReadonlyMap<number, 'r' | 'w'> | undefined,
): TemplateResult {
  const unit = (value: number | undefined, nth: number) => {
    const hit = touched?.get(first + nth);
    return html`<span class="unit ${shade(value)} ${hit ? `hit-${hit}` : ''}"
      >${letterOf(value)}</span
    >`;
  };
  return html`<span class="pair">${Array.from(values, unit)}</span>`;
}

function letterOf(value: number | undefined): string {
  return value === undefined ? ' ' : letter(value);
}

/** The class that shades a value: what was written later is darker, and begins anew at times. */
export function shade(value: number | undefined): string {
  if (value === undefined) return 'empty';
  if (value === TORN) return 'torn';
  if (value === 0) return 'zero';
  return value === 1 ? 'first' : `later v${(value - 2) % 6}`;
}

function journal(scene: Scene): TemplateResult {
  const [epoch, number] = scene.generation ?? [];
  const generation = epoch === undefined ? 'unreadable' : `generation ${epoch}.${number}`;
  return html`
    <section class="records" aria-labelledby="journal-title">
      <h3 id="journal-title">Journal <small>${generation}</small></h3>
      <ol class="lines" tabindex="0" aria-label="Records">
        ${scene.lines.length === 0 ? html`<li class="quiet">no records</li>` : nothing}
        ${repeat(
          scene.lines.toReversed(),
          ({ sequence }) => sequence,
          ({ sequence, text, stable }) => html`
            <li class=${stable ? 'stable' : 'loose'}>
              <span class="index">${sequence}</span><span>${text}</span>
              <span
                class="dot"
                title=${stable ? 'behind a barrier' : 'not known to be behind a barrier'}
              ></span>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}

function touchedBy(events: readonly ToldEvent[]): Touched {
  const origin = new Map<number, 'r' | 'w'>();
  const diff = new Map<number, 'r' | 'w'>();
  for (const { place } of events) {
    if (!place) continue;
    const first = Math.floor(place.at / UNIT_BYTES);
    const end = Math.ceil((place.at + place.bytes) / UNIT_BYTES);
    const into = place.origin ? origin : diff;
    for (let unit = first; unit < end; unit++) into.set(unit, place.writes ? 'w' : 'r');
  }
  return { origin, diff };
}
