/** The worker in which the explorer goes through all that can happen in a world. */
import { Exploration, type Report, type Scenario } from 'shadowvol/sim';

/** Time after which the page is told how far it is, in milliseconds. */
const TOLD_EVERY = 60;

export interface Quest {
  readonly scenario: Scenario;
  /** States to visit at most. */
  readonly states: number;
}

export type News =
  { readonly states: number } | { readonly report: Report } | { readonly error: string };

addEventListener('message', ({ data }: MessageEvent<Quest>) => {
  void explore(data).catch((error: unknown) => {
    tell({ error: error instanceof Error ? error.message : String(error) });
  });
});

async function explore({ scenario, states }: Quest): Promise<void> {
  const exploration = await Exploration.begin(scenario, { states, first: 'nearest' });
  let told = performance.now();
  while (!exploration.visit(50)) {
    if (performance.now() - told < TOLD_EVERY) continue;
    told = performance.now();
    tell({ states: exploration.states });
  }
  tell({ report: exploration.report() });
  exploration.close();
}

function tell(news: News): void {
  postMessage(news);
}
