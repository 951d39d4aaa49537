/** Asking nodes for something, and choosing who goes next. */
import type { Order, Units } from 'shadowvol/sim';
import { html, nothing, type TemplateResult } from 'lit-html';

import type { Lab } from './lab.ts';
import type { Scene } from './scene.ts';
import { eventWords, nodeName } from './words.ts';

/** Choices that have a key of their own. */
const KEYED = 9;

/** What can be asked for, with the keys for it. */
export interface Command {
  readonly key: string;
  readonly name: string;
  readonly can: boolean;
  run(): Promise<void>;
}

export function commands(lab: Lab, scene: Scene): Command[] {
  const writer = scene.nodes.findIndex(({ active, alive }) => active && alive);
  const passives = scene.nodes.flatMap(({ active }, node) => (active ? [] : [node]));
  const reader = passives[lab.length % Math.max(1, passives.length)] ?? -1;
  const [oldest, newest] = [scene.copies[0], scene.copies.at(-1)];
  const give = (node: number, order: Order) => lab.make({ give: { node, thread: 0, order } });
  const running = lab.broken === null;
  return [
    {
      key: 'w',
      name: 'Write',
      can: writer >= 0,
      run: () => give(writer, { write: { units: some(lab, scene), value: 2 + (lab.length % 25) } }),
    },
    { key: 'b', name: 'Burst of writes', can: writer >= 0, run: () => lab.burst() },
    { key: 'c', name: 'Take a copy', can: writer >= 0, run: () => give(writer, 'create') },
    {
      key: 'd',
      name: 'Delete the oldest',
      can: writer >= 0 && oldest !== undefined,
      run: () => give(writer, { delete: oldest?.id ?? 0 }),
    },
    {
      key: 'r',
      name: 'Read the newest',
      can: reader >= 0 && newest !== undefined,
      run: () => give(reader, { read: { copy: newest?.id ?? 0, units: some(lab, scene) } }),
    },
    { key: 'm', name: 'Compact the journal', can: writer >= 0, run: () => give(writer, 'compact') },
    {
      key: 'p',
      name: 'Add a passive',
      can: scene.nodes.length < 8,
      run: () => lab.make({ join: { threads: 1 } }),
    },
    {
      key: 'k',
      name: 'Kill the active',
      can: lab.choices.some(({ step }) => step === 'death'),
      run: () => kill(lab),
    },
    {
      key: 'x',
      name: 'Cut the power',
      can: canCut(lab),
      run: () => lab.make({ act: { Cut: { keep: 0 } } }),
    },
  ].map((command) => ({ ...command, can: command.can && running }));
}

export function orders(lab: Lab, scene: Scene): TemplateResult {
  const traffic = (event: Event) => lab.setTraffic((event.target as HTMLInputElement).checked);
  return html`
    <section class="card orders" aria-labelledby="orders-title">
      <h3 id="orders-title">Ask for something</h3>
      <div class="grid">
        ${commands(lab, scene).map(
          ({ key, name, can, run }) =>
            html`<button
              type="button"
              class="plain"
              ?disabled=${!can}
              aria-keyshortcuts=${key}
              @click=${() => void run()}
            >
              ${name} <kbd>${key}</kbd>
            </button>`,
        )}
      </div>
      <label class="switch small">
        <input type="checkbox" role="switch" .checked=${lab.traffic} @change=${traffic} />
        <span
          ><strong>Keep everybody busy</strong>
          <small>writes, copies and reads, drawn from the seed ${lab.seed}</small></span
        >
      </label>
    </section>
  `;
}

/** All that can happen next: whoever chooses is the scheduler. */
export function choices(lab: Lab): TemplateResult {
  const shown = lab.choices.filter(({ step }) => step !== 'death').slice(0, KEYED);
  return html`
    <section class="card choices" aria-labelledby="choices-title">
      <h3 id="choices-title">What happens next? <small>You choose</small></h3>
      <ol>
        ${shown.map(
          (choice, nth) =>
            html`<li>
              <button
                type="button"
                class="choice"
                @click=${() => choose(lab, nth)}
                aria-keyshortcuts=${nth + 1}
              >
                <kbd>${nth + 1}</kbd>
                <span
                  class="chip ${/^[WR]\d$/.test(choice.step) ? choice.step.toLowerCase() : 'other'}"
                  >${choice.step}</span
                >
                <span
                  >${lab.scene && choice.lane ? nodeName(lab.scene.nodes, choice.lane[0]) : ''}
                  ${eventWords(choice.text)}</span
                >
              </button>
            </li>`,
        )}
      </ol>
      ${shown.length === 0 ? html`<p class="quiet">${lab.broken === null ? 'Nobody has anything to do. Ask for something.' : 'Nothing more: a promise is broken.'}</p>` : nothing}
    </section>
  `;
}

/** Lets the choice of this number happen. */
export function choose(lab: Lab, nth: number): void {
  const choice = lab.choices.filter(({ step }) => step !== 'death')[nth];
  if (!choice) return;
  lab.pause();
  void lab.choose(choice);
}

/** A chunk or two, another one each time. */
function some(lab: Lab, scene: Scene): Units {
  const chunks = Math.max(1, scene.units.length >> 1);
  const start = ((lab.length * 5) % chunks) * 2;
  return { start, end: Math.min(scene.units.length, start + 2) };
}

async function kill(lab: Lab): Promise<void> {
  const death = lab.choices.find(({ step }) => step === 'death');
  if (death) await lab.choose(death);
}

/** Where the world allows mishaps; what is loose is lost. */
function canCut(lab: Lab): boolean {
  return lab.world === 'playground' && lab.choices.some(({ step }) => step === 'death');
}
