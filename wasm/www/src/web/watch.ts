/**
 * A passive node of a volume whose two files a web server gives. It reads whole shadow copies over and
 * over while another process writes: a copy is a constant, so its digest has to be the same each time.
 */
import type { Passive, ShadowCopy } from 'shadowvol';

/** A copy is read in so many pieces at once, so that the writer gets in between. */
const PIECES = 8;
/** Of larger volumes, only so many bytes are read. */
const MOST_BYTES = 64 << 20;
/** Rest between two reads, in milliseconds. */
const REST = 250;
/** Copies that are kept in the list when they are gone. */
const MOST_GONE = 4;

/** What is known of a copy. */
export interface Seen {
  readonly id: number;
  readonly label: string;
  readonly created: Date;
  /** The SHA-256 of its bytes, once it was read. */
  digest: string | undefined;
  /** How often it was read, and how often that came to another digest. */
  reads: number;
  wrong: number;
  gone: boolean;
}

export class Watch {
  /** The newest first. */
  seen: readonly Seen[] = [];
  /** Why it has stopped, or what it waits for. */
  words: string | undefined = 'asking the server';
  failed = false;
  readonly #changed: () => void;
  #node: Passive | undefined;
  #over = false;

  constructor(image: string, diff: string, changed: () => void) {
    this.#changed = changed;
    this.#run(image, diff).catch((error: unknown) => {
      this.words = error instanceof Error ? error.message : String(error);
      this.failed = true;
      this.#changed();
    });
  }

  stop(): void {
    this.#over = true;
    this.#node?.close();
  }

  get size(): number | undefined {
    return this.#node?.size;
  }

  /** Bytes of each copy that are read. */
  get part(): number {
    return Math.min(this.#node?.size ?? 0, MOST_BYTES);
  }

  get stats() {
    return this.#node?.stats();
  }

  async #run(image: string, diff: string): Promise<void> {
    const { Http, Passive, ShadowvolError } = await import('shadowvol');
    this.#node = await Passive.open({ origin: new Http(image), diff: new Http(diff) });
    while (!this.#over) {
      const copies = (await this.#node.shadowCopies()).filter(({ unfinished }) => !unfinished);
      this.#list(copies);
      const next = this.#choose(copies);
      this.words = next ? undefined : 'waiting for the first shadow copy';
      if (next) {
        await this.#read(next).catch((error: unknown) => {
          // Deleted meanwhile, and told so: that is an answer, too.
          if (!(error instanceof ShadowvolError) || error.kind !== 'gone') throw error;
        });
      }
      if (!this.#over) this.#changed();
      await new Promise((resume) => setTimeout(resume, REST));
    }
  }

  #list(copies: readonly ShadowCopy[]): void {
    const known = new Map(this.seen.map((seen) => [seen.id, seen]));
    const live = copies.map(({ id, label, created }): Seen => {
      const fresh = { id, label, created, digest: undefined, reads: 0, wrong: 0, gone: false };
      return known.get(id) ?? fresh;
    });
    const ids = new Set(live.map(({ id }) => id));
    const gone = this.seen.filter(({ id, reads }) => !ids.has(id) && reads > 0);
    for (const seen of gone) seen.gone = true;
    // What was found wrong stays.
    const kept = gone.filter(({ wrong }, nth) => nth < MOST_GONE || wrong > 0);
    this.seen = [...live, ...kept].sort((one, other) => other.id - one.id);
  }

  /**
   * One that was read once, for that says nothing yet; else the one that was read least often. Of
   * several, the newest.
   */
  #choose(copies: readonly ShadowCopy[]): ShadowCopy | undefined {
    const live = this.seen.filter(({ gone }) => !gone);
    const least = Math.min(...live.map(({ reads }) => reads));
    const once = live.find(({ reads }) => reads === 1);
    const next = once ?? live.find(({ reads }) => reads === least);
    return copies.find(({ id }) => id === next?.id);
  }

  async #read(copy: ShadowCopy): Promise<void> {
    const bytes = new Uint8Array(this.part);
    const piece = Math.ceil(bytes.length / PIECES);
    const pieces = Array.from({ length: PIECES }, (_, nth) =>
      copy.readInto(
        Math.min(nth * piece, bytes.length),
        bytes.subarray(nth * piece, (nth + 1) * piece),
      ),
    );
    // All of them end before the next read begins.
    const failed = (await Promise.allSettled(pieces)).find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    const digest = hex(await crypto.subtle.digest('SHA-256', bytes));
    const seen = this.seen.find(({ id }) => id === copy.id);
    if (!seen) return;
    seen.reads++;
    if (seen.digest !== undefined && seen.digest !== digest) seen.wrong++;
    seen.digest ??= digest;
  }
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
