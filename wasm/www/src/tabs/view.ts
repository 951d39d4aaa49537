/** The tabs on the page: what this tab's node is, does, and has found. */
import { html, nothing, type TemplateResult } from 'lit-html';

import { drawCells, heat, rgb, touch } from '../app/cells.ts';
import { doubling, facts, histogram } from '../app/histogram.ts';
import { bytes, count, type Figure, numbersOf } from '../app/numbers.ts';
import { palette } from '../app/paint.ts';
import type { News, Wish } from './news.ts';
import { BLOCKS } from './sectors.ts';

const PACES: readonly (readonly [words: string, milliseconds: number])[] = [
  ['calm', 40],
  ['busy', 4],
  ['as fast as it can', 0],
];

export class TabsView {
  readonly #changed: () => void;
  #worker: Worker | undefined;
  #news: News | undefined;
  #failure: string | undefined;
  #pace = 4;
  readonly #heat = heat(BLOCKS);

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Begins to be a node, once. */
  open(): void {
    if (this.#worker) return;
    if (!('storage' in navigator) || !('locks' in navigator)) {
      this.#failure =
        'This browser has no private file system or no locks here: use https or localhost.';
      return;
    }
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<News>) => {
      const now = performance.now();
      for (const block of data.touched) touch(this.#heat, block, data.role === 'active', now);
      this.#news = data;
      this.#changed();
    });
    this.#worker.addEventListener('error', ({ message }) => {
      this.#failure = message || 'the engine could not be loaded';
      this.#changed();
    });
  }

  /** Draws what is on canvases. */
  paint(): void {
    const canvas = document.querySelector<HTMLCanvasElement>('canvas.blocks');
    if (!canvas) return;
    const colours = palette();
    const cells = new Uint32Array(BLOCKS).fill(rgb(colours.values[0] ?? colours.panel));
    if (drawCells(canvas, this.#heat, cells, colours, performance.now())) this.#changed();
  }

  view(): TemplateResult {
    return html`
      <main class="tabs">
        <div class="hero">
          <h1>Every tab is a node</h1>
          <p>
            The real engine, on files that all tabs of this page share. One tab writes; the others
            read its shadow copies straight from the same files. A lock elects the writer, and a
            number in the file fences the one before. No message passes between them.
          </p>
        </div>
        ${this.#failure ? html`<p class="refused" role="alert">${this.#failure}</p>` : this.#node()}
      </main>
    `;
  }

  #node(): TemplateResult {
    const news = this.#news;
    if (!news) return html`<p class="quiet">The engine is being loaded …</p>`;
    const { role, writing, reading, took } = news;
    return html`
      <div class="bench">
        <div class="main">
          ${this.#who(news)} ${writing ? numbersOf(WRITTEN(writing)) : nothing}
          ${reading ? numbersOf(READ(reading)) : nothing}
          ${reading?.evidence ? html`<p class="refused wrong" role="alert">${reading.evidence}</p>` : nothing}
          <section class="card" aria-labelledby="blocks-title">
            <h3 id="blocks-title">
              ${role === 'active' ? 'What it writes' : 'What it reads and verifies'}
              <small>4,096 chunks of 4 KiB</small>
            </h3>
            <canvas class="blocks" role="img" aria-label="The volume, chunk by chunk"></canvas>
          </section>
        </div>
        <aside class="side">
          ${this.#tasks(news)}
          <section class="card">
            ${histogram(
              role === 'active' ? 'Writes' : 'Reads',
              'microseconds, 4 to 128 KiB each',
              doubling(took, 25, 10),
              facts(took, ' µs'),
              role === 'active' ? 'write' : 'read',
            )}
          </section>
        </aside>
      </div>
    `;
  }

  #who({ role, way, tabs, epoch, words, paused }: News): TemplateResult {
    const names = {
      active: 'This tab is the active node',
      passive: 'This tab is a passive node',
      starting: 'This tab has no role yet',
      failed: 'This tab has stopped',
    };
    return html`
      <section class="card who-card ${role}" data-role=${role} aria-live="polite">
        <h2><span class="role" aria-hidden="true"></span>${names[role]}</h2>
        <p>${words ?? (paused ? 'It pauses.' : does(role))}</p>
        <dl>
          <div>
            <dt>Tabs</dt>
            <dd>${tabs}</dd>
          </div>
          <div>
            <dt>Epoch</dt>
            <dd>${epoch ?? '–'}</dd>
          </div>
          <div>
            <dt>Files</dt>
            <dd data-way=${way ?? ''}>${wayWords(way)}</dd>
          </div>
        </dl>
      </section>
    `;
  }

  #tasks({ role, paused, tabs }: News): TemplateResult {
    const pace = (event: Event) => {
      this.#pace = Number((event.target as HTMLSelectElement).value);
      this.#ask({ pace: this.#pace });
    };
    return html`
      <section class="card tasks" aria-labelledby="tasks-title">
        <h3 id="tasks-title">Try it</h3>
        <ol>
          <li>
            <a class="button primary" href="#/tabs" target="_blank" rel="noopener"
              >Open another tab</a
            >
            <p>and put it beside this one. It reads what this one writes.</p>
          </li>
          <li>
            <button
              type="button"
              ?disabled=${role !== 'active' || tabs < 2}
              @click=${() => this.#ask('hand-over')}
            >
              Hand the role over
            </button>
            <p>or just close the active tab. Another one takes the role, and finds everything.</p>
          </li>
          <li>
            <button type="button" @click=${() => this.#ask(paused ? 'resume' : 'pause')}>
              ${paused ? 'Go on' : 'Pause'}
            </button>
            <label class="pace"
              ><span class="sr">Pace</span>
              <select @change=${pace}>
                ${PACES.map(([words, ms]) => html`<option value=${ms} ?selected=${ms === this.#pace}>${words}</option>`)}
              </select></label
            >
          </li>
          <li>
            <button
              type="button"
              class="plain"
              ?disabled=${role !== 'active' || tabs > 1}
              @click=${() => this.#ask('start-over')}
            >
              Begin with a new volume
            </button>
          </li>
        </ol>
      </section>
    `;
  }

  #ask(wish: Wish): void {
    this.#worker?.postMessage(wish);
  }
}

const WRITTEN = (of: NonNullable<News['writing']>): Figure[] => [
  ['Writes', count(of.writes)],
  ['Written', bytes(of.bytes)],
  ['Old bytes kept', bytes(of.preserved)],
  ['Copies taken', count(of.copiesTaken)],
  ['Copies now', of.copies.join(', ') || 'none'],
  ['Journal', `${count(of.records)} records`],
  ['Compactions', count(of.compactions)],
  ['Torn by the last holder', count(of.mended)],
];

const READ = (of: NonNullable<News['reading']>): Figure[] => [
  ['Reads verified', count(of.verified), 'good'],
  ['Wrong', count(of.wrong), of.wrong > 0 ? 'bad' : 'good'],
  ['Saved by the re-check', count(of.redirected)],
  ['Gone while read', count(of.gone)],
  ['Verified', bytes(of.bytes)],
  ['Begun again', count(of.restarts)],
  ['Looks into the journal', count(of.looks)],
  ['Copies now', of.copies.join(', ') || 'none'],
];

function does(role: News['role']): string {
  if (role === 'active') return 'It writes, takes shadow copies, and deletes old ones.';
  if (role === 'passive')
    return 'It reads shadow copies, and compares every sector with the truth in the copy itself.';
  return '';
}

function wayWords(way: News['way']): string {
  if (way === 'handles') return 'handles of its own (readwrite-unsafe)';
  return way === 'getFile' ? 'a new getFile() for each read' : '–';
}
