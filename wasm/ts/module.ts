/** A WebAssembly module of this package. */
import { bytes } from '#bytes';

/** Where a WebAssembly module comes from, if not from beside this package. */
export type Source = URL | string | Response | BufferSource | WebAssembly.Module;

/** What wasm-bindgen makes to begin with. */
type Init = (options: { module_or_path: Source | ReturnType<typeof bytes> }) => Promise<unknown>;

/** Is loaded once; after a failure the next one who needs it tries again. */
export class Module {
  readonly #init: Init;
  readonly #place: URL;
  #loaded: Promise<unknown> | undefined;

  constructor(init: Init, place: URL) {
    this.#init = init;
    this.#place = place;
  }

  async load(source?: Source): Promise<void> {
    this.#loaded ??= this.#start(source).catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    await this.#loaded;
  }

  async #start(source?: Source): Promise<unknown> {
    return this.#init({ module_or_path: source ?? bytes(this.#place) });
  }
}
