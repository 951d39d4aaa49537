import init from './engine/shadowvol.js';
import { Module, type Source } from './module.js';

export type { Source };

const module = new Module(init, new URL('./engine/shadowvol_bg.wasm', import.meta.url));

/**
 * Loads the engine. Everything that opens a volume does so by itself: call it only to load from
 * somewhere else, or earlier.
 */
export async function load(source?: Source): Promise<void> {
  await module.load(source);
}
