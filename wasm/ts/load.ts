import { bytes } from '#bytes';

import init from './engine/shadowvol.js';

let loaded: Promise<unknown> | undefined;

/** Where the WebAssembly module comes from, if not from beside this package. */
export type Source = URL | string | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the engine. Everything that opens a volume does so by itself: call it only to load from
 * somewhere else, or earlier.
 */
export async function load(source?: Source): Promise<void> {
  loaded ??= start(source).catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  await loaded;
}

async function start(source?: Source): Promise<unknown> {
  const from = source ?? bytes(new URL('./engine/shadowvol_bg.wasm', import.meta.url));
  return init({ module_or_path: from });
}
