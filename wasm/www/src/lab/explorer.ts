/** An exploration of all that can happen in a world, in a worker of its own. */
import type { Report, Rule } from 'shadowvol/sim';

import type { News, Quest } from './explore.worker.ts';
import { scenarioOf } from './worlds.ts';

/** States to visit at most: more would take more memory than a page should. */
const MOST_STATES = 400_000;

export interface Finding {
  readonly world: string;
  readonly without: readonly Rule[];
  readonly report: Report;
}

export class Explorer {
  /** States that were met, while an exploration is under way. */
  states: number | undefined;
  finding: Finding | undefined;
  failure: string | undefined;
  #worker: Worker | undefined;
  #end: ((news: News | undefined) => void) | undefined;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get busy(): boolean {
    return this.states !== undefined;
  }

  /** Explores a world without some rules; nothing if it is stopped before it ends. */
  async explore(world: string, without: readonly Rule[]): Promise<Finding | undefined> {
    this.stop();
    this.states = 0;
    this.finding = undefined;
    this.failure = undefined;
    this.#changed();
    const worker = new Worker(new URL('./explore.worker.ts', import.meta.url), { type: 'module' });
    this.#worker = worker;
    const quest: Quest = { scenario: scenarioOf(world, without), states: MOST_STATES };
    const news = await this.#ask(worker, quest);
    if (!news) return undefined;
    this.stop();
    if ('report' in news) this.finding = { world, without, report: news.report };
    else if ('error' in news) this.failure = news.error;
    this.#changed();
    return this.finding;
  }

  /** What was found is about other rules. */
  forget(): void {
    this.stop();
    this.finding = undefined;
    this.failure = undefined;
    this.#changed();
  }

  /** Ends what is under way. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.states = undefined;
    this.#end?.(undefined);
    this.#end = undefined;
  }

  #ask(worker: Worker, quest: Quest): Promise<News | undefined> {
    return new Promise((done) => {
      this.#end = done;
      worker.addEventListener('message', ({ data }: MessageEvent<News>) => {
        if (!('states' in data)) return done(data);
        this.states = data.states;
        this.#changed();
      });
      worker.addEventListener('error', ({ message }) => done({ error: message }));
      worker.postMessage(quest);
    });
  }
}
