/**
 * A tab's node. A Web Lock elects the active one; the epoch in the file fences whoever had the role
 * before. No message passes between tabs.
 */
import { Files, pause } from './files.ts';
import type { News, Wish } from './news.ts';
import { Reader } from './reader.ts';
import { Traces } from './traces.ts';
import { Writer } from './writer.ts';

const LOCK = 'shadowvol-tabs';
/** How often the page is told, in milliseconds. */
const TOLD_EVERY = 100;

class Tab {
  #role: News['role'] = 'starting';
  #words: string | undefined;
  #paused = false;
  /** Milliseconds of rest behind a piece of work. */
  #pace = 4;
  #files: Files | undefined;
  #writer: Writer | undefined;
  #reader: Reader | undefined;
  #traces = new Traces();
  #tabs = 1;
  /** Somebody waits for the role to be given up, or for the volume to be deleted. */
  #wish: 'hand-over' | 'start-over' | undefined;

  async start(): Promise<void> {
    setInterval(() => this.#tell(), TOLD_EVERY);
    setInterval(() => void this.#count(), TOLD_EVERY * 5);
    try {
      this.#files = await Files.open();
      for (;;) await this.#life(this.#files);
    } catch (error) {
      this.#role = 'failed';
      this.#words = error instanceof Error ? error.message : String(error);
      this.#tell();
    }
  }

  wish(wish: Wish): void {
    if (typeof wish === 'object') this.#pace = wish.pace;
    else if (wish === 'pause' || wish === 'resume') this.#paused = wish === 'pause';
    else this.#wish = wish;
  }

  /** Passive until the role is free, then active until it is given up. */
  async #life(files: Files): Promise<void> {
    let elected = false;
    const passive = this.#passive(files, () => elected);
    await navigator.locks.request(LOCK, async () => {
      elected = true;
      await passive;
      await this.#active(files);
    });
  }

  async #passive(files: Files, ended: () => boolean): Promise<void> {
    this.#traces = new Traces();
    while (!ended()) {
      try {
        this.#reader = await Reader.begin(files, this.#traces);
        break;
      } catch (error) {
        this.#role = 'passive';
        this.#words = `waiting for the volume: ${(error as Error).message}`;
        await pause(50);
      }
    }
    const reader = this.#reader;
    if (!reader) return;
    this.#role = 'passive';
    while (!ended()) {
      const works = !this.#paused && (await reader.work());
      this.#words = works || this.#paused ? undefined : 'waiting for the first shadow copy';
      await pause(works ? this.#pace : 50);
    }
    reader.close();
    this.#reader = undefined;
  }

  async #active(files: Files): Promise<void> {
    this.#words = 'taking the role';
    this.#traces = new Traces();
    const held = await files.volume();
    const writer = await Writer.begin(held, this.#traces);
    this.#writer = writer;
    this.#role = 'active';
    this.#words = undefined;
    while (!this.#wish) {
      if (!this.#paused) await writer.work();
      await pause(this.#paused ? 50 : this.#pace);
    }
    const wish = this.#wish;
    this.#wish = undefined;
    this.#writer = undefined;
    this.#role = 'starting';
    await writer.close();
    if (wish === 'start-over') await files.remove();
  }

  async #count(): Promise<void> {
    const { held = [], pending = [] } = await navigator.locks.query();
    this.#tabs = [...held, ...pending].filter(({ name }) => name === LOCK).length;
  }

  #tell(): void {
    const news: News = {
      role: this.#role,
      way: this.#files?.way,
      paused: this.#paused,
      tabs: this.#tabs,
      epoch: (this.#writer ?? this.#reader)?.epoch,
      words: this.#words,
      writing: this.#writer?.report(),
      reading: this.#reader?.report(),
      took: this.#traces.took,
      touched: this.#traces.touched(),
    };
    postMessage(news);
  }
}

const tab = new Tab();
addEventListener('message', ({ data }: MessageEvent<Wish>) => tab.wish(data));
void tab.start();
