/** A node: who it is, what it knows, what it does and has in hand, and its lane. */
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Hand } from './hand.ts';
import type { Lab } from './lab.ts';
import { type Lane, moveAt } from './lanes.ts';
import type { Scene } from './scene.ts';
import { pair } from './stage.ts';
import { nodeName, orderWords } from './words.ts';

export function nodeCard(lab: Lab, scene: Scene, { node, thread }: Lane): TemplateResult {
  const of = scene.nodes[node];
  const at = of?.threads[thread];
  if (!of || !at) return html``;
  const name = nodeName(scene.nodes, node);
  const several = of.threads.length > 1;
  const hand = lab.hands.find((hand) => hand.node === node && hand.thread === thread);
  const seek = (event: MouseEvent) => {
    const canvas = event.currentTarget as HTMLCanvasElement;
    void lab.seek(moveAt(lab, canvas.clientWidth, event.offsetX));
  };
  return html`
    <article
      class="node ${of.active ? 'active' : 'passive'} ${of.alive ? '' : 'dead'}"
      data-lane="${node}.${thread}"
    >
      <div class="who">
        <h3>
          <span class="role" aria-hidden="true"></span
          >${name}${several ? ` · thread ${thread + 1}` : ''}
          ${at.step ? html`<span class="chip ${chipOf(at.step)}">${at.step}</span>` : nothing}
        </h3>
        <p class="does">
          ${of.alive || at.order ? orderWords(at.order) : (of.ended ?? 'has no role')}${at.waiting > 0 ? html` <span class="quiet">+${at.waiting}</span>` : nothing}
        </p>
        ${hand ? inHand(hand) : html`<p class="knows quiet">${knows(scene, node)}</p>`}
      </div>
      <canvas
        class="lane"
        tabindex="-1"
        @click=${seek}
        role="img"
        aria-label="Steps of ${name}"
      ></canvas>
    </article>
  `;
}

function chipOf(step: string): string {
  return /^[WR]\d$/.test(step) ? step.toLowerCase() : 'other';
}

function knows(scene: Scene, node: number): string {
  const of = scene.nodes[node];
  if (!of) return '';
  if (of.active)
    return of.epoch === null ? '' : `epoch ${of.epoch} · ${count(of.records, 'record')}`;
  const behind = scene.records - of.records;
  const known = `knows ${count(of.records, 'record')}`;
  return behind > 0 ? `${known}, ${behind} not yet` : known;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** What a reader has in hand, and what came of it. */
function inHand(hand: Hand): TemplateResult {
  const { values, verdict, copy, error } = hand;
  const said = {
    right: html`<span class="right">✓ right</span>`,
    wrong: html`<span class="wrong">✗ wrong</span>`,
    failed: html`<span class="quiet" title=${error ?? ''}>${shortly(error)}</span>`,
  };
  return html`<p class="hand">
    <span class="quiet">in hand, of copy ${copy}</span> ${pair(values, 0, undefined)}
    ${verdict ? said[verdict] : nothing}
  </p>`;
}

function shortly(error = ''): string {
  return /gone|deleted/.test(error) ? 'gone' : error.slice(0, 40);
}
