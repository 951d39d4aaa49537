/** Switches for the rules, and the explorer that finds what happens without them. */
import type { Rule } from 'shadowvol/sim';
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Explorer, Finding } from './explorer.ts';
import type { Lab } from './lab.ts';
import { RULES, SWITCHES } from './rules.ts';
import type { LabParts } from './view.ts';
import { rulesWords } from './words.ts';

/** Where each rule is needed: a world in which there is damage without it. */
export const NEEDED_IN = new Map<Rule, string>();

export function rulesPanel({ lab, explorer }: LabParts): TemplateResult {
  const others = (Object.keys(RULES) as Rule[]).filter((rule) => !SWITCHES.includes(rule));
  return html`
    <section class="card rules" aria-labelledby="rules-title">
      <h3 id="rules-title">Break a rule</h3>
      ${SWITCHES.map((rule) => ruleSwitch(lab, explorer, rule))}
      <details>
        <summary>All ${SWITCHES.length + others.length} rules</summary>
        <div class="more">${others.map((rule) => ruleSwitch(lab, explorer, rule))}</div>
      </details>
      <p class="actions">
        <button
          type="button"
          class="find"
          ?disabled=${explorer.busy}
          @click=${() => void find(lab, explorer)}
        >
          Find the shortest damage
        </button>
        ${
          explorer.busy
            ? html`<button type="button" class="plain" @click=${() => explorer.forget()}>
                Stop
              </button>`
            : nothing
        }
      </p>
      <p class="finding" role="status">${finding(lab, explorer)}</p>
    </section>
  `;
}

function ruleSwitch(lab: Lab, explorer: Explorer, rule: Rule): TemplateResult {
  const { broken, says } = RULES[rule];
  const change = (event: Event) => {
    const on = (event.target as HTMLInputElement).checked;
    const without = on ? [...lab.without, rule] : lab.without.filter((other) => other !== rule);
    explorer.forget();
    void lab.begin(lab.world, without);
  };
  return html`
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        .checked=${lab.without.includes(rule)}
        @change=${change}
        data-rule=${rule}
      />
      <span><strong>${broken}</strong> <small>${says}</small></span>
    </label>
  `;
}

async function find(lab: Lab, explorer: Explorer): Promise<void> {
  lab.pause();
  const { without } = lab;
  const world = worldFor(without);
  const found = await explorer.explore(world, without);
  if (!found?.report.damage) return;
  const actions = found.report.damage.events.flatMap(({ action }) => action ?? []);
  await lab.prepare(world, without, actions);
  lab.play();
}

/** A world small enough to be explored, in which the rule that is broken is needed. */
function worldFor(without: readonly Rule[]): string {
  const [rule] = without;
  return (rule && NEEDED_IN.get(rule)) ?? 'overwrite';
}

function finding(lab: Lab, { states, finding, failure }: Explorer): TemplateResult | string {
  if (states !== undefined) return html`<span class="busy"></span> ${count(states)} states …`;
  if (failure !== undefined) return failure;
  if (!finding) return rulesWords(lab.without);
  return findingWords(finding);
}

export function findingWords({ report, world, without }: Finding): TemplateResult {
  const where = html`in the world “${world}”${without.length === 0 ? ', all rules kept' : ''}`;
  if (report.damage) {
    const moves = report.damage.events.filter(({ action }) => action).length;
    return html`<span class="wrong">Damage</span> after ${moves} moves, the shortest way of all:
      found among ${count(report.states)} states ${where}.`;
  }
  return report.complete
    ? html`<span class="right">No damage.</span> All ${count(report.states)} states were visited
        ${where}.`
    : html`No damage in the first ${count(report.states)} states ${where}; there are more.`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
