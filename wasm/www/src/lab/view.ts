/** The laboratory on the page. */
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Explorer } from './explorer.ts';
import type { Library } from './frame.ts';
import type { Lab } from './lab.ts';
import { lanesOf } from './lanes.ts';
import { measures } from './measures.view.ts';
import { choices, orders } from './orders.view.ts';
import { nodeCard } from './node.view.ts';
import { rulesPanel } from './rules.view.ts';
import { MOST_CHUNKS, stage } from './stage.ts';
import { told } from './told.view.ts';
import type { Tour } from './tour.ts';
import { tourCard } from './tour.view.ts';
import { transport } from './transport.view.ts';
import { verdict } from './verdict.view.ts';
import { worldPicker } from './world.view.ts';

export interface LabParts {
  readonly lab: Lab;
  readonly explorer: Explorer;
  readonly tour: Tour;
  readonly worlds: Library['worlds'];
  /** Draws the page again. */
  redraw(): void;
}

export function labView(parts: LabParts): TemplateResult {
  const { lab, explorer, tour } = parts;
  const { scene } = lab;
  return html`
    <div class="bench">
      ${tour.step === undefined ? nothing : tourCard(tour, explorer, lab)}
      <div class="main">
        ${tour.step === undefined ? worldPicker(parts) : nothing}
        <section class="card storage" aria-label="Shared storage">${storage(lab)}</section>
        ${verdict(lab)}
        <section class="card nodes" aria-label="Nodes">
          ${scene ? lanesOf(scene).map((lane) => nodeCard(lab, scene, lane)) : nothing} ${legend()}
        </section>
        ${transport(lab)}
        <div class="past">${told(lab)}</div>
      </div>
      <aside class="side">
        ${rulesPanel(parts)} ${scene ? orders(lab, scene) : nothing} ${choices(lab)}
      </aside>
    </div>
    ${measures(lab)}
  `;
}

function storage(lab: Lab): TemplateResult {
  const { scene } = lab;
  if (!scene) return html`<p class="quiet loading">The simulator is being loaded …</p>`;
  return scene.units.length > MOST_CHUNKS * 2 ? maps(lab) : stage(lab, scene);
}

function maps(lab: Lab): TemplateResult {
  const { scene } = lab;
  const chunks = Math.ceil((scene?.units.length ?? 0) / 2);
  const kept = scene?.slots.reduce((sum, kind) => sum + (kind >= 4 ? 1 : 0), 0) ?? 0;
  const copies = scene?.copies.map(({ id }) => id).join(', ') || 'none';
  return html`
    <div class="maps">
      <figure>
        <figcaption>
          <strong>Volume</strong> <span class="quiet">${chunks.toLocaleString('en')} chunks</span>
        </figcaption>
        <canvas
          class="map"
          id="map-origin"
          role="img"
          aria-label="The volume, chunk by chunk"
        ></canvas>
      </figure>
      <figure>
        <figcaption>
          <strong>Diff area</strong>
          <span class="quiet">
            ${scene?.slots.length.toLocaleString('en')} slots · ${kept.toLocaleString('en')} with
            old bytes · copies ${copies} · ${scene?.records.toLocaleString('en')} records
          </span>
        </figcaption>
        <canvas
          class="map"
          id="map-diff"
          role="img"
          aria-label="The diff area, slot by slot"
        ></canvas>
      </figure>
    </div>
  `;
}

function legend(): TemplateResult {
  const step = (name: string, words: string) =>
    html`<li><span class="chip ${name.toLowerCase()}">${name}</span> ${words}</li>`;
  return html`
    <ul class="legend" aria-label="Legend">
      ${step('W1', 'look up')} ${step('W2', 'preserve')} ${step('W3', 'commit')}
      ${step('W4', 'overwrite')} ${step('R1', 'look up')} ${step('R2', 'read the volume')}
      ${step('R3', 'confirm')} ${step('R4', 'read a slot')}
      <li><span class="chip other">other</span> copies, roles, the journal</li>
      <li><span class="mark" aria-hidden="true">▲</span> writes</li>
      <li><span class="mark" aria-hidden="true">▼</span> reads</li>
      <li><span class="mark bar" aria-hidden="true">▲</span> in the diff area</li>
    </ul>
  `;
}
