/** What is wrong, when a promise is broken: the bytes, and the reason. */
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Lab } from './lab.ts';
import { letter } from './scene.ts';
import { damageOf } from './words.ts';

export function verdict(lab: Lab): TemplateResult {
  const damage = damageOf(lab);
  if (!damage) {
    return lab.refused === null
      ? html`${nothing}`
      : html`<p class="refused" role="alert">${lab.refused}</p>`;
  }
  const { title, text, why, found, truth } = damage;
  const cell = (value: number | undefined, nth: number) => {
    const wrong = truth !== undefined && value !== truth[nth];
    return html`<td class=${wrong ? 'wrong' : ''}>
      ${letter(value)}${wrong ? html`<span class="sr"> (wrong)</span>` : nothing}
    </td>`;
  };
  const again = () => void lab.seek(0).then(() => lab.play());
  return html`
    <section class="card verdict" role="alert" aria-labelledby="verdict-title">
      <div>
        <h3 id="verdict-title">${title}</h3>
        <p class="lead">${text}</p>
        ${why ? html`<p>${why}</p>` : nothing}
      </div>
      <div class="evidence">
        ${
          found && truth
            ? html`<table class="bytes">
                <tbody>
                  <tr>
                    <th scope="row">the instant</th>
                    ${truth.map((value) => html`<td>${letter(value)}</td>`)}
                  </tr>
                  <tr>
                    <th scope="row">was read</th>
                    ${found.map(cell)}
                  </tr>
                </tbody>
              </table>`
            : nothing
        }
        <p class="actions">
          <button type="button" @click=${again}>Play it again</button>
          <button type="button" class="plain" @click=${() => void lab.seek(0)}>Rewind</button>
        </p>
      </div>
    </section>
  `;
}
