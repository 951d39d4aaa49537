/** Choosing a world, and sharing what is on the page. */
import { html, nothing, type TemplateResult } from 'lit-html';

import { linkOf } from './link.ts';
import type { LabParts } from './view.ts';
import { OWN } from './worlds.ts';

/** The link has just been copied. */
let copied = false;

export function worldPicker({ lab, worlds, redraw }: LabParts): TemplateResult {
  const change = (event: Event) => {
    lab.setTraffic(false);
    void lab.begin((event.target as HTMLSelectElement).value, lab.without);
  };
  const share = async () => {
    const url = new URL(linkOf(lab.state()), location.href).href;
    await navigator.clipboard.writeText(url).catch(() => undefined);
    copied = true;
    redraw();
    setTimeout(() => {
      copied = false;
      redraw();
    }, 1600);
  };
  const own = OWN.find(({ key }) => key === lab.world);
  const proven = worlds.find(({ name }) => name === lab.world);
  const option = (value: string, title: string) =>
    html`<option value=${value} ?selected=${value === lab.world}>${title}</option>`;
  return html`
    <div class="world">
      <label>
        <span class="quiet">World</span>
        <select id="world" @change=${change} .value=${lab.world}>
          <optgroup label="To play with">
            ${OWN.map(({ key, title }) => option(key, title))}
          </optgroup>
          ${
            worlds.length > 0
              ? html`<optgroup label="Proven, each in all its states">
                  ${worlds.map(({ name }) => option(name, name))}
                </optgroup>`
              : nothing
          }
        </select>
      </label>
      <p class="quiet about">${own?.about ?? sentence(proven?.story)}</p>
      <button type="button" class="plain" @click=${() => void share()}>
        ${copied ? 'Copied' : 'Copy link'}
      </button>
    </div>
  `;
}

function sentence(story = ''): string {
  return story === '' ? '' : `${story.charAt(0).toUpperCase()}${story.slice(1)}.`;
}
