import init from '../sets/shadowvol.js';
import { Module, type Source } from '../module.js';

const module = new Module(init, new URL('../sets/shadowvol_bg.wasm', import.meta.url));

/** Loads the machine of sets. {@link prepareSet} does so by itself. */
export async function load(source?: Source): Promise<void> {
  await module.load(source);
}
