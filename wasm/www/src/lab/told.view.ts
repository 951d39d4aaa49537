/** What has happened, in words, and what readers got. */
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Lab } from './lab.ts';
import { answerWords, eventWords, nodeName } from './words.ts';

const SHOWN = 40;

export function told(lab: Lab): TemplateResult {
  const { events, at, scene } = lab;
  let end = events.length;
  while (end > 0 && (events[end - 1]?.move ?? 0) > at) end--;
  const shown = events.slice(Math.max(0, end - SHOWN), end).reverse();
  return html`
    <section class="card told" aria-labelledby="told-title">
      <h3 id="told-title">What has happened</h3>
      <ol tabindex="0" aria-label="Events, the newest first">
        ${shown.length === 0 ? html`<li class="quiet">nothing yet</li>` : nothing}
        ${shown.map(
          (event) =>
            html`<li>
              <span class="index">${event.move}</span>
              <span class="chip ${/^[WR]\d$/.test(event.step) ? event.step.toLowerCase() : 'other'}"
                >${event.step}</span
              >
              <span
                ><strong
                  >${scene && event.lane ? nodeName(scene.nodes, event.lane[0]) : event.node}</strong
                >
                ${eventWords(event.text)}</span
              >
            </li>`,
        )}
      </ol>
    </section>
    ${answers(lab)}
  `;
}

function answers({ answers, at, scene, broken, length }: Lab): TemplateResult {
  const past = answers.filter(({ move }) => move <= at);
  const shown = past.slice(-12).reverse();
  const failed = past.filter(({ error, found }) => error !== null || found.length === 0).length;
  const wrong = broken !== null && at === length && past.at(-1)?.move === at ? 1 : 0;
  return html`
    <section class="card answers" aria-labelledby="answers-title">
      <h3 id="answers-title">What readers got</h3>
      <p class="facts">
        ${past.length} reads · ${failed} failed or gone ·
        <span class=${wrong > 0 ? 'wrong' : ''}>${wrong} wrong</span>
      </p>
      <ol tabindex="0" aria-label="Reads, the newest first">
        ${shown.length === 0 ? html`<li class="quiet">nothing yet</li>` : nothing}
        ${shown.map((answer) => {
          const { asked, got } = answerWords(answer);
          return html`<li>
            <span class="index">${answer.move}</span>
            <span
              ><strong>${scene ? nodeName(scene.nodes, answer.node) : ''}</strong> ${asked}:
              <span class="mono">${got}</span></span
            >
          </li>`;
        })}
      </ol>
    </section>
  `;
}
