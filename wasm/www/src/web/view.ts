/** A volume on a web server, on the page: where it is, what its copies hold, and that they hold it. */
import { html, nothing, type TemplateResult } from 'lit-html';

import { bytes, count, type Figure, numbersOf } from '../app/numbers.ts';
import { type Seen, Watch } from './watch.ts';

export class WebView {
  readonly #changed: () => void;
  #watch: Watch | undefined;
  #image = 'disk.img';
  #diff = '';

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  view(): TemplateResult {
    const watch = this.#watch;
    return html`
      <main class="tabs web">
        <div class="hero">
          <h1>A volume on a server</h1>
          <p>
            Another process writes it; a web server gives its two files, and knows nothing of shadow
            copies. This page is a passive node of it: it asks for ranges of the files, and reads
            each copy over and over while the volume changes.
          </p>
        </div>
        <div class="bench">
          <div class="main">${watch ? this.#found(watch) : how()}</div>
          <aside class="side">${this.#form(watch)}</aside>
        </div>
      </main>
    `;
  }

  #form(watch: Watch | undefined): TemplateResult {
    const begin = (event: SubmitEvent) => {
      event.preventDefault();
      const asked = new FormData(event.target as HTMLFormElement);
      this.#image = String(asked.get('image'));
      this.#diff = String(asked.get('diff'));
      watch?.stop();
      const at = (address: string) => new URL(address, location.href).href;
      this.#watch = new Watch(at(this.#image), at(this.#diff || `${this.#image}.diff`), () =>
        this.#changed(),
      );
      this.#changed();
    };
    const stop = () => {
      watch?.stop();
      this.#watch = undefined;
      this.#changed();
    };
    return html`
      <form class="card where" aria-labelledby="where-title" @submit=${begin}>
        <h3 id="where-title">Where it is <small>on this site</small></h3>
        <label>
          The image
          <input
            name="image"
            required
            .value=${this.#image}
            autocomplete="off"
            spellcheck="false"
          />
        </label>
        <label>
          Its diff area
          <input
            name="diff"
            .value=${this.#diff}
            placeholder="the image's, with .diff behind it"
            autocomplete="off"
            spellcheck="false"
          />
        </label>
        <div class="buttons">
          <button class="primary">Read its copies</button>
          ${watch ? html`<button type="button" class="plain" @click=${stop}>Stop</button>` : nothing}
        </div>
      </form>
    `;
  }

  #found(watch: Watch): TemplateResult {
    const { words, failed, stats, size, part, seen } = watch;
    return html`
      ${words === undefined ? nothing : html`<p class=${failed ? 'refused' : 'quiet'} role=${failed ? 'alert' : 'status'}>${words}</p>`}
      ${stats ? numbersOf(figures(stats, seen)) : nothing}
      ${
        size === undefined
          ? nothing
          : html`<section class="card" aria-labelledby="copies-title">
              <h3 id="copies-title">
                Shadow copies
                <small
                  >${bytes(size)}
                  each${part < size ? `, of which ${bytes(part)} are read` : ''}</small
                >
              </h3>
              <ol class="copies">
                ${seen.map(copyOf)}
              </ol>
            </section>`
      }
    `;
  }
}

function copyOf({ id, label, created, digest, reads, wrong, gone }: Seen): TemplateResult {
  const said =
    wrong > 0
      ? html`<span class="wrong">✗ another one in ${wrong} of ${reads} reads</span>`
      : html`<span class=${reads > 1 ? 'right' : 'quiet'}
          >${reads > 1 ? `✓ the same in ${reads} reads` : reads === 1 ? 'read once' : 'not read yet'}</span
        >`;
  return html`<li data-copy=${id} data-digest=${digest ?? ''} data-reads=${reads}>
    <strong>Copy ${id}</strong>
    <span class="quiet"
      >${label || created.toLocaleTimeString('en')}${gone ? ', deleted' : ''}</span
    >
    <span class="mono" title=${digest ?? ''}
      >${digest === undefined ? '…' : digest.slice(0, 16)}</span
    >
    ${said}
  </li>`;
}

function figures(stats: NonNullable<Watch['stats']>, seen: readonly Seen[]): Figure[] {
  const wrong = seen.reduce((sum, of) => sum + of.wrong, 0);
  return [
    ['Reads', count(stats.reads), 'good'],
    ['Wrong', count(wrong), wrong > 0 ? 'bad' : 'good'],
    ['Saved by the re-check', count(stats.redirectedReads)],
    ['Gone while read', count(stats.gone)],
    ['Read', bytes(stats.readBytes)],
    ['Begun again', count(stats.restarts)],
    ['Looks into the journal', count(stats.tailReads)],
    ['Epoch', count(stats.epoch)],
  ];
}

function how(): TemplateResult {
  return html`
    <section class="card how" aria-labelledby="how-title">
      <h3 id="how-title">How to try it</h3>
      <p class="quiet">
        Put an image, its diff area and this page into one folder, and let any server that answers
        range requests give it: the page asks no other site. Then write the volume, and take copies
        of it:
      </p>
      <pre><code>shadowvol init disk.img --size 16M
shadowvol snapshot disk.img</code></pre>
    </section>
  `;
}
