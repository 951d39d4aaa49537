/** The guided tour on the page. */
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Explorer } from './explorer.ts';
import type { Lab } from './lab.ts';
import { findingWords } from './rules.view.ts';
import { STEPS, type Tour } from './tour.ts';

export function tourCard(tour: Tour, explorer: Explorer, lab: Lab): TemplateResult {
  const step = tour.step ?? 0;
  const current = tour.current;
  if (!current) return html``;
  const last = step === STEPS.length - 1;
  return html`
    <section class="tour" aria-labelledby="tour-title">
      <ol class="steps" aria-label="The tour">
        ${STEPS.map(
          ({ title }, nth) =>
            html`<li>
              <button
                type="button"
                aria-label="Step ${nth + 1}: ${title}"
                aria-current=${nth === step ? 'step' : 'false'}
                @click=${() => void tour.go(nth, true)}
              >
                ${nth + 1}
              </button>
            </li>`,
        )}
      </ol>
      <div class="words">
        <h2 id="tour-title">${current.title}</h2>
        <p>${current.text}</p>
        ${last ? proof(tour, explorer) : html`<p class="moral ${tour.isTold ? 'told' : ''}" aria-live="polite">${tour.isTold ? current.moral : ''}</p>`}
      </div>
      <div class="actions">${last ? ending(tour, explorer, lab) : steps(tour, lab, step)}</div>
    </section>
  `;
}

function steps(tour: Tour, lab: Lab, step: number): TemplateResult {
  const watch = () => void (tour.isTold || lab.at === 0 ? tour.go(step, true) : lab.toggle());
  const label = lab.playing ? 'Pause' : tour.isTold ? 'Watch again' : 'Watch';
  return html`
    <button type="button" class=${tour.isTold ? '' : 'primary'} @click=${watch}>${label}</button>
    <button
      type="button"
      class=${tour.isTold ? 'primary' : ''}
      @click=${() => void tour.go(step + 1, true)}
    >
      Next
    </button>
    <button type="button" class="plain" @click=${() => tour.close()}>Leave</button>
  `;
}

function ending(tour: Tour, explorer: Explorer, lab: Lab): TemplateResult {
  const play = () => {
    const actions = tour.proof?.broken.report.damage?.events.flatMap(({ action }) => action ?? []);
    if (actions) void lab.prepare('overwrite', ['ConfirmAbsence'], actions).then(() => lab.play());
  };
  const free = () => {
    tour.close();
    void lab.begin('playground', []).then(() => lab.setTraffic(true));
  };
  return html`
    ${
      tour.proof
        ? html`<button type="button" @click=${play}>Play the damage</button>`
        : html`<button
            type="button"
            class="primary"
            ?disabled=${explorer.busy}
            @click=${() => void tour.explore()}
          >
            Explore
          </button>`
    }
    <button type="button" class=${tour.proof ? 'primary' : ''} @click=${free}>
      Break it yourself
    </button>
    <button type="button" class="plain" @click=${() => tour.close()}>Leave</button>
  `;
}

function proof({ proof }: Tour, explorer: Explorer): TemplateResult {
  if (proof) {
    return html`<ul class="proof">
      <li>${findingWords(proof.kept)}</li>
      <li>Without the re-check: ${findingWords(proof.broken)}</li>
    </ul>`;
  }
  return html`<p class="moral" aria-live="polite">
    ${explorer.busy ? html`${explorer.states?.toLocaleString('en')} states so far …` : nothing}
  </p>`;
}
