/** The page: which view is shown, what it is drawn from, and when it is drawn again. */
import { html, render, type TemplateResult } from 'lit-html';

import { Explorer } from '../lab/explorer.ts';
import type { Library } from '../lab/frame.ts';
import { Lab } from '../lab/lab.ts';
import { drawLanes } from '../lab/lanes.ts';
import { fly } from '../lab/flights.ts';
import { linkOf, PATH, stateOf } from '../lab/link.ts';
import { Maps } from '../lab/map.ts';
import { NEEDED_IN } from '../lab/rules.view.ts';
import { Tour } from '../lab/tour.ts';
import { labView } from '../lab/view.ts';
import { DiskView } from '../disk/view.ts';
import { TabsView } from '../tabs/view.ts';
import { WebView } from '../web/view.ts';
import { help } from './help.ts';
import { keysOf } from './keys.ts';
import * as theme from './theme.ts';

/** A view beside the laboratory. */
interface Elsewhere {
  readonly path: string;
  readonly name: string;
  readonly view: { open?(): unknown; view(): TemplateResult; paint?(): void };
}

/** How often a link follows a world that is played, in milliseconds: browsers allow no more. */
const LINK_EVERY = 500;
/** How often texts follow a world that is played so fast that nobody could read along. */
const TEXT_EVERY = 100;

export class Page {
  readonly #root: HTMLElement;
  readonly #explorer = new Explorer(() => this.#draw());
  readonly #lab = new Lab();
  readonly #tour = new Tour(this.#lab, this.#explorer, () => this.#draw());
  readonly #maps = new Maps();
  readonly #others: readonly Elsewhere[] = [
    { path: '#/tabs', name: 'Tabs', view: new TabsView(() => this.#draw()) },
    { path: '#/disk', name: 'Disk', view: new DiskView(() => this.#draw()) },
    { path: '#/web', name: 'Server', view: new WebView(() => this.#draw()) },
  ];
  #worlds: Library['worlds'] = [];
  #wanted = false;
  #linked = 0;
  #written = 0;
  #link = '';

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#lab.listen(() => this.#draw());
  }

  async start(): Promise<void> {
    theme.follow(() => this.#draw());
    addEventListener('resize', () => this.#draw());
    addEventListener('hashchange', () => void this.#follow());
    addEventListener(
      'keydown',
      keysOf(this.#lab, this.#tour, () => this.#inLab),
    );
    const library = this.#lab.library();
    await this.#follow();
    const { worlds, rules } = await library;
    this.#worlds = worlds;
    for (const { rule, world } of rules) NEEDED_IN.set(rule, world);
    this.#draw();
  }

  get #inLab(): boolean {
    return this.#elsewhere === undefined;
  }

  /** The view that the address names, if it is not the laboratory. */
  get #elsewhere(): Elsewhere | undefined {
    return this.#others.find(({ path }) => location.hash.startsWith(path));
  }

  /** Goes where the address says. */
  async #follow(): Promise<void> {
    this.#draw();
    const elsewhere = this.#elsewhere;
    if (elsewhere) return void (await elsewhere.view.open?.());
    if (this.#lab.scene && location.hash === this.#link) return;
    const state = stateOf(location.hash);
    if (state) {
      this.#tour.close();
      await this.#lab.restore(state);
    } else if (!this.#lab.scene) {
      await this.#tour.go(0, false);
    }
  }

  /** Draws at the next frame, once. */
  #draw(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    requestAnimationFrame((now) => {
      this.#wanted = false;
      this.#render(now);
    });
  }

  #render(now: number): void {
    const lab = this.#inLab;
    if (!lab || !this.#lab.isFast || now - this.#written > TEXT_EVERY) this.#write(lab, now);
    if (!lab) return this.#elsewhere?.view.paint?.();
    drawLanes(this.#lab, [...this.#root.querySelectorAll<HTMLCanvasElement>('canvas.lane')]);
    const [origin, diff] = this.#root.querySelectorAll<HTMLCanvasElement>('canvas.map');
    if (origin && diff && this.#maps.draw(this.#lab, origin, diff, now)) this.#draw();
    fly(this.#lab, this.#root);
    this.#keepLink(now);
  }

  /** All but what is on canvases. */
  #write(lab: boolean, now: number): void {
    this.#written = now;
    const view = lab ? this.#laboratory() : this.#elsewhere?.view.view();
    render(html`${this.#bar(lab)} ${view} ${help()}`, this.#root);
  }

  #bar(lab: boolean): TemplateResult {
    const current = (here: boolean) => (here ? 'page' : 'false');
    return html`
      <header class="top">
        <a class="brand" href="#/lab">shadowvol</a>
        <nav aria-label="Views">
          <a href="#/lab" aria-current=${current(lab)}>Laboratory</a>
          ${this.#others.map(
            (other) =>
              html`<a href=${other.path} aria-current=${current(other === this.#elsewhere)}
                >${other.name}</a
              >`,
          )}
        </nav>
        <div class="tools">
          ${
            lab && this.#tour.step === undefined
              ? html`<button
                  type="button"
                  class="plain"
                  @click=${() => void this.#tour.go(0, true)}
                >
                  Tour
                </button>`
              : ''
          }
          <button
            type="button"
            class="plain"
            aria-haspopup="dialog"
            aria-keyshortcuts="?"
            @click=${() => document.querySelector('dialog')?.showModal()}
          >
            Keys <kbd>?</kbd>
          </button>
          <button
            type="button"
            class="plain"
            @click=${() => this.#theme()}
            aria-label=${theme.current() === 'dark' ? 'Light theme' : 'Dark theme'}
          >
            ${theme.current() === 'dark' ? 'Light' : 'Dark'}
          </button>
        </div>
      </header>
    `;
  }

  #laboratory(): TemplateResult {
    return html`
      <main>
        <div class="hero">
          <h1>Read first, then look once more</h1>
          <p>
            One node writes a volume. Others read its shadow copies, frozen at an instant, straight
            from the same storage: no lock, no message, no pause. What runs here is the real engine,
            one step at a time.
          </p>
        </div>
        ${labView({ lab: this.#lab, explorer: this.#explorer, tour: this.#tour, worlds: this.#worlds, redraw: () => this.#draw() })}
      </main>
    `;
  }

  #theme(): void {
    theme.toggle();
    this.#draw();
  }

  /** The address says what is on the page, as soon as the browser lets it. */
  #keepLink(now: number): void {
    if (!this.#lab.scene || (this.#lab.playing && now - this.#linked < LINK_EVERY)) return;
    const link = this.#tour.step === undefined ? linkOf(this.#lab.state()) : PATH;
    if (link === location.hash) return;
    this.#linked = now;
    this.#link = link;
    history.replaceState(null, '', link);
  }
}
