/** Histograms of how long requests took and how often readers looked again. */
import { html, type TemplateResult } from 'lit-html';

import { doubling, each, facts, histogram } from '../app/histogram.ts';
import type { Lab } from './lab.ts';
import { measure, type Measures } from './measure.ts';

/** How often they are made anew, in milliseconds. */
const EVERY = 1000;

let made = { at: -1, when: 0, length: -1, measures: measure([], [], 0) as Measures };

export function measures(lab: Lab): TemplateResult {
  const now = performance.now();
  const stale = made.at !== lab.at || made.length !== lab.events.length;
  if (stale && (!lab.playing || now - made.when > EVERY)) {
    const measures = measure(lab.events, lab.answers, lab.at);
    made = { at: lab.at, when: now, length: lab.events.length, measures };
  }
  const { firstWrites, rewrites, reads, looks } = made.measures;
  return html`
    <section class="card measures" aria-labelledby="measures-title">
      <h3 id="measures-title">Measured <small>in moves of everybody</small></h3>
      <div class="histograms">
        ${histogram('First overwrite', 'W1 to W4', doubling(firstWrites), facts(firstWrites), 'write')}
        ${histogram('Overwrite again', 'nothing to preserve', doubling(rewrites), facts(rewrites), 'write')}
        ${histogram('Read of a copy', 'R1 to R4', doubling(reads), facts(reads), 'read')}
        ${histogram('Looks into the journal', 'per read', each(looks, 1, 6), facts(looks), 'read')}
      </div>
    </section>
  `;
}
