import { bytes } from '#bytes';

import type { Source } from '../load.js';
import init from '../sets/shadowvol.js';

let loaded: Promise<unknown> | undefined;

/** Loads the machine of sets. {@link prepareSet} does so by itself. */
export async function load(source?: Source): Promise<void> {
  loaded ??= start(source).catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  await loaded;
}

async function start(source?: Source): Promise<unknown> {
  const from = source ?? bytes(new URL('../sets/shadowvol_bg.wasm', import.meta.url));
  return init({ module_or_path: from });
}
