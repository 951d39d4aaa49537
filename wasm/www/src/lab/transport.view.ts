/** Play, step, rewind, scrub, speed. */
import { html, type TemplateResult } from 'lit-html';

import { type Lab, SPEEDS } from './lab.ts';

export function transport(lab: Lab): TemplateResult {
  const { at, length, playing } = lab;
  const button = (
    label: string,
    keys: string,
    icon: TemplateResult,
    click: () => void,
    off: boolean,
    more = '',
  ) =>
    html`<button
      type="button"
      class="tool ${more}"
      aria-label=${label}
      aria-keyshortcuts=${keys}
      title="${label} (${keys})"
      ?disabled=${off}
      @click=${click}
    >
      ${icon}
    </button>`;
  const scrub = (event: Event) => void lab.seek(Number((event.target as HTMLInputElement).value));
  return html`
    <div class="transport" role="group" aria-label="Time">
      ${button('To the beginning', 'Home', ICONS.first, () => void lab.seek(0), at === 0)}
      ${button('One move back', 'ArrowLeft', ICONS.back, () => void lab.seek(at - 1), at === 0)}
      ${button(
        playing ? 'Pause' : 'Play',
        'Space',
        playing ? ICONS.pause : ICONS.play,
        () => lab.toggle(),
        !playing && !lab.canPlay && length === 0,
        'primary',
      )}
      ${button('One move on', 'ArrowRight', ICONS.step, () => void lab.step(), !lab.canPlay)}
      <label class="scrub">
        <span class="sr">Move</span>
        <input
          type="range"
          min="0"
          max=${length}
          .value=${String(at)}
          @input=${scrub}
          ?disabled=${length === 0}
        />
      </label>
      <output class="count" aria-live="off"
        >${at.toLocaleString('en')}
        <span class="quiet">of ${length.toLocaleString('en')}</span></output
      >
      <label class="speed">
        <span class="sr">Speed</span>
        <select
          @change=${(event: Event) => lab.setSpeed(Number((event.target as HTMLSelectElement).value))}
        >
          ${SPEEDS.map(
            (speed) =>
              html`<option value=${speed} ?selected=${speed === lab.speed}>
                ${speedWords(speed)}
              </option>`,
          )}
        </select>
      </label>
    </div>
  `;
}

function speedWords(speed: number): string {
  return speed >= 1000 ? 'fastest' : `${speed} / s`;
}

const path = (d: string) =>
  html`<svg viewBox="0 0 20 20" aria-hidden="true"><path d=${d}></path></svg>`;

const ICONS = {
  first: path('M5 4h2v12H5zM16 4v12L8 10z'),
  back: path('M15 4v12L6 10z'),
  play: path('M5 3l12 7-12 7z'),
  pause: path('M5 4h3.5v12H5zM11.5 4H15v12h-3.5z'),
  step: path('M5 4v12l9-6zM14 4h2v12h-2z'),
};
