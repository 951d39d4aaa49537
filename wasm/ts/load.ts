import init from './engine/shadowvol.js';
import { attach } from './memory.js';
import { Module, type Source } from './module.js';

export type { Source };

const module = new Module(
  async (options) => attach((await init(options)).memory),
  new URL('./engine/shadowvol_bg.wasm', import.meta.url),
);

/**
 * Loads the engine. Everything that opens a volume does so by itself: call it only to load from
 * somewhere else, or earlier.
 */
export async function load(source?: Source): Promise<void> {
  await module.load(source);
}
