/** A disk and a shadow copy of it side by side: their files, and the chunks they are in. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';

import type { Disk, Row, Taken } from './disk.ts';

const LETTER = '/letters/to Ann';

/** What somebody may write over the letter. */
const LATER = `Dear Ann,

I have to stop now: the light has
gone out.`;

export class DiskView {
  readonly #changed: () => void;
  #disk: Disk | undefined;
  #failure: string | undefined;
  /** The copy that is shown. */
  #copy: number | undefined;
  /** The file that is open on both sides. */
  #path = LETTER;
  /** What is in the making, so that nothing else begins. */
  #busy = false;
  /** What was typed and not written. */
  #typed: string | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Makes the disk, once. */
  async open(): Promise<void> {
    if (this.#disk || this.#busy) return;
    await this.#do(async () => {
      const { Disk } = await import('./disk.ts');
      this.#disk = await Disk.make();
    });
  }

  view(): TemplateResult {
    return html`
      <main class="disk">
        <div class="hero">
          <h1>A frozen disk</h1>
          <p>
            A small disk with a real ext4 file system, as Linux has it. Freeze it in a shadow copy,
            then write to the disk and delete from it: the copy keeps every file as it was.
          </p>
        </div>
        ${this.#failure ? html`<p class="refused" role="alert">${this.#failure}</p>` : nothing}
        ${this.#disk ? this.#bench(this.#disk) : this.#failure ? nothing : html`<p class="quiet">The disk is being made …</p>`}
      </main>
    `;
  }

  #bench(disk: Disk): TemplateResult {
    const copy = disk.copies.find(({ id }) => id === this.#copy) ?? disk.copies.at(-1);
    return html`
      <div class="bench">
        <div class="main">
          <div class="sides">${this.#live(disk, copy)} ${this.#frozen(disk, copy)}</div>
          ${chunks(disk, copy, this.#path)}
        </div>
        <aside class="side">${this.#tasks(disk)}</aside>
      </div>
    `;
  }

  #live(disk: Disk, copy: Taken | undefined): TemplateResult {
    const file = disk.live.find(({ path }) => path === this.#path);
    return html`
      <section class="card volume live" aria-labelledby="live-title">
        <h3 id="live-title">
          <span class="role" aria-hidden="true"></span>Now <small>the disk</small>
        </h3>
        ${this.#tree(disk.live, copy?.rows)}
        ${file ? this.#editor(disk, file) : this.#missing('It was deleted.')}
      </section>
    `;
  }

  #frozen(disk: Disk, copy: Taken | undefined): TemplateResult {
    const file = copy?.rows.find(({ path }) => path === this.#path);
    return html`
      <section
        class="card volume frozen"
        aria-labelledby="frozen-title"
        data-copy=${copy?.id ?? ''}
      >
        <h3 id="frozen-title">
          <span class="role" aria-hidden="true"></span>${copy ? this.#which(disk, copy) : 'Then'}
          <small>${copy ? copy.created.toLocaleTimeString('en-GB') : 'no shadow copy yet'}</small>
        </h3>
        ${
          copy
            ? html`${this.#tree(copy.rows, undefined)}
              ${
                file
                  ? html`<h4>${this.#name()}</h4>
                      <pre tabindex="0" aria-label="${this.#name()} in the copy">${file.text}</pre>`
                  : this.#missing('It was not there yet.')
              }`
            : html`<div class="nothing">
                ${this.#taking()}
                <p>It takes a moment, whatever the size of the disk: nothing is copied.</p>
              </div>`
        }
      </section>
    `;
  }

  #taking(): TemplateResult {
    return html`<button
      type="button"
      class="primary"
      ?disabled=${this.#busy}
      @click=${() => this.#take()}
    >
      Take a shadow copy
    </button>`;
  }

  /** The number of the copy, to be chosen if there are several. */
  #which(disk: Disk, copy: Taken): TemplateResult {
    if (disk.copies.length < 2) return html`Shadow copy ${copy.id}`;
    const choose = (event: Event) => {
      this.#copy = Number((event.target as HTMLSelectElement).value);
      this.#changed();
    };
    return html`<label
      ><span class="sr">Shown shadow copy</span>
      <select @change=${choose}>
        ${disk.copies.map(({ id }) => html`<option value=${id} ?selected=${id === copy.id}>Shadow copy ${id}</option>`)}
      </select></label
    >`;
  }

  /** All files. Those that are not as in others are marked. */
  #tree(rows: readonly Row[], others: readonly Row[] | undefined): TemplateResult {
    const isNew = ({ path, text }: Row) =>
      others !== undefined && others.find((other) => other.path === path)?.text !== text;
    return html`<ul class="tree">
      ${rows.map((row) =>
        row.isFolder
          ? html`<li class="folder depth-${row.depth}">${row.name}/</li>`
          : html`<li class="depth-${row.depth}">
              <button
                type="button"
                class="plain"
                aria-current=${row.path === this.#path ? 'true' : 'false'}
                @click=${() => this.#show(row.path)}
              >
                ${row.name}${isNew(row) ? html` <mark>changed</mark>` : nothing}
              </button>
            </li>`,
      )}
    </ul>`;
  }

  #editor(disk: Disk, file: Row): TemplateResult {
    const text = this.#typed ?? file.text;
    const type = (event: Event) => {
      this.#typed = (event.target as HTMLTextAreaElement).value;
      this.#changed();
    };
    return html`
      <h4>${this.#name()}</h4>
      <textarea
        aria-label="${this.#name()} on the disk"
        rows="10"
        maxlength="1000"
        spellcheck="false"
        .value=${live(text)}
        @input=${type}
      ></textarea>
      <p class="actions">
        <button
          type="button"
          ?disabled=${this.#busy || text === file.text}
          @click=${() => this.#write(disk, text)}
        >
          Write it
        </button>
      </p>
    `;
  }

  #missing(words: string): TemplateResult {
    return html`<h4>${this.#name()}</h4>
      <p class="missing" role="status">${words}</p>`;
  }

  #tasks(disk: Disk): TemplateResult {
    const overwrite = () => {
      this.#path = LETTER;
      return this.#write(disk, LATER);
    };
    const letter = disk.live.find(({ path }) => path === LETTER);
    return html`
      <section class="card tasks" aria-labelledby="tasks-title">
        <h3 id="tasks-title">Try it</h3>
        <ol>
          <li>
            ${this.#taking()}
            <p>The disk as it is at this moment. Take as many as you like.</p>
          </li>
          <li>
            <button
              type="button"
              ?disabled=${this.#busy || letter?.text === LATER}
              @click=${overwrite}
            >
              Write over the letter
            </button>
            <p>or type into any file of the disk, and write it.</p>
          </li>
          <li>
            <button
              type="button"
              ?disabled=${this.#busy || !disk.hasPhotos}
              @click=${() => this.#delete(disk)}
            >
              Delete the photos
            </button>
            <p>and wipe what they were in. The copy still has them.</p>
          </li>
          <li>
            <button
              type="button"
              class="plain"
              ?disabled=${this.#busy || disk.copies.length === 0}
              @click=${() => this.#forget(disk)}
            >
              Delete the oldest copy
            </button>
            <button
              type="button"
              class="plain"
              ?disabled=${this.#busy}
              @click=${() => this.#again()}
            >
              Begin again
            </button>
          </li>
        </ol>
      </section>
    `;
  }

  #name(): string {
    return this.#path.slice(this.#path.lastIndexOf('/') + 1);
  }

  #show(path: string): void {
    this.#path = path;
    this.#typed = undefined;
    this.#changed();
  }

  #take(): Promise<void> {
    return this.#do(async () => {
      this.#copy = await this.#disk?.take();
    });
  }

  #write(disk: Disk, text: string): Promise<void> {
    return this.#do(async () => {
      await disk.write(this.#path, text);
      this.#typed = undefined;
    });
  }

  #delete(disk: Disk): Promise<void> {
    return this.#do(async () => {
      if (!this.#path.startsWith('/photos/')) this.#path = '/photos/lighthouse';
      this.#typed = undefined;
      await disk.deletePhotos();
    });
  }

  #forget(disk: Disk): Promise<void> {
    return this.#do(async () => {
      const [oldest] = disk.copies;
      if (oldest) await disk.forget(oldest.id);
    });
  }

  async #again(): Promise<void> {
    this.#disk = undefined;
    this.#copy = undefined;
    this.#show(LETTER);
    await this.open();
  }

  /** Does one thing, and says if it fails. */
  async #do(what: () => Promise<void>): Promise<void> {
    this.#busy = true;
    this.#failure = undefined;
    this.#changed();
    try {
      await what();
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    } finally {
      this.#busy = false;
      this.#changed();
    }
  }
}

/** The disk, chunk by chunk: what was overwritten since the copy, and where the open file is. */
function chunks(disk: Disk, copy: Taken | undefined, path: string): TemplateResult {
  const rows = copy?.rows.some((row) => row.path === path) ? copy.rows : disk.live;
  const open = new Set(rows.find((row) => row.path === path)?.chunks);
  const kept = copy?.kept.size ?? 0;
  const said = copy
    ? `Overwritten since copy ${copy.id}: ${kept} of ${disk.chunks}.`
    : `${disk.chunks} chunks of 4 KiB.`;
  const kind = (nth: number) =>
    `${copy?.kept.has(nth) ? 'kept' : ''} ${open.has(nth) ? 'open' : ''}`;
  return html`
    <section class="card" aria-labelledby="chunks-title">
      <h3 id="chunks-title">The disk, chunk by chunk</h3>
      <div class="chunks" role="img" aria-label=${said}>
        ${Array.from({ length: disk.chunks }, (_, nth) => html`<span class=${kind(nth)}></span>`)}
      </div>
      <p class="facts" data-kept=${kept}>
        ${said} The old bytes of these are in the diff area, where a reader of the copy finds them;
        all else it reads from the disk itself. The outlined chunk has the open file.
      </p>
    </section>
  `;
}
