import { ShadowvolError } from './error.js';
import type { ReadableMedium } from './medium.js';

/** How a resource is asked for. */
export interface HttpOptions {
  /** Headers for every request, for authorisation. */
  headers?: HeadersInit;
  credentials?: RequestCredentials;
  /** Another `fetch`. */
  fetch?: typeof fetch;
}

/**
 * A file on a web server, to read only: with it a page is a passive node of a volume that another
 * process is writing. The server must answer range requests, with a length, from the file itself.
 *
 * It keeps the passive's assumptions: each read is a request of its own that no cache may answer
 * (`no-store`), and begins when it is asked for.
 */
export class Http implements ReadableMedium {
  readonly #url: string | URL;
  readonly #options: HttpOptions;

  constructor(url: string | URL, options: HttpOptions = {}) {
    this.#url = url;
    this.#options = options;
  }

  /** How many bytes there are, as the server says now. */
  async size(): Promise<number> {
    const response = await this.#ask('bytes=0-0');
    await response.body?.cancel();
    // An empty file has no byte 0: `bytes */0`.
    const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (total === undefined) throw this.#failure('does not say how large it is');
    return Number(total);
  }

  async readAt(offset: number, buffer: Uint8Array): Promise<void> {
    if (buffer.length === 0) return;
    const response = await this.#ask(`bytes=${offset}-${offset + buffer.length - 1}`);
    const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 206 || Number(from) !== offset || bytes.length !== buffer.length) {
      throw this.#failure(`gave ${bytes.length} bytes of ${buffer.length} at ${offset}`);
    }
    buffer.set(bytes);
  }

  async #ask(range: string): Promise<Response> {
    const { headers, credentials, fetch: ask = fetch } = this.#options;
    const asked = new Headers(headers);
    asked.set('range', range);
    asked.set('cache-control', 'no-cache');
    const init: RequestInit = { headers: asked, cache: 'no-store' };
    if (credentials) init.credentials = credentials;
    const response = await ask(this.#url, init);
    if (response.status === 206 || response.status === 416) return response;
    await response.body?.cancel();
    if (response.status === 200) throw this.#failure('was given whole: the server knows no ranges');
    if (response.status === 404) {
      throw new ShadowvolError('missing-medium', `${this.#url} is not there`);
    }
    throw this.#failure(`was refused with the status ${response.status}`);
  }

  #failure(what: string): ShadowvolError {
    return new ShadowvolError('medium-error', `${this.#url} ${what}`);
  }
}
