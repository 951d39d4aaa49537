/** The list of keys. */
import { html, type TemplateResult } from 'lit-html';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['Space', 'play or pause'],
  ['→ ←', 'one move on, one back'],
  ['Home End', 'to the beginning, to the last move'],
  ['+ −', 'faster, slower'],
  ['1 … 9', 'choose what happens next'],
  ['w b', 'write a chunk; a burst of writes'],
  ['c d', 'take a shadow copy; delete the oldest'],
  ['r p', 'read the newest copy; add a passive node'],
  ['m', 'compact the journal'],
  ['k x', 'kill the active node; cut the power (playground)'],
  ['t n Esc', 'the tour: begin, next step, leave'],
  ['?', 'this list'],
];

export function help(): TemplateResult {
  return html`
    <dialog class="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        ${KEYS.map(
          ([keys, does]) =>
            html`<div>
              <dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt>
              <dd>${does}</dd>
            </div>`,
        )}
      </dl>
      <form method="dialog"><button class="primary" autofocus>Close</button></form>
    </dialog>
  `;
}
