import { ShadowvolError } from '../error.js';
import type { Volume, VolumeSide } from '../volume.js';
import type { Ask } from './report.js';

/** What is said of every copy of a set. */
export interface About {
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The set's identity. */
  readonly set: Uint8Array;
  readonly copies: number;
}

/** Hears what a volume has done, or why it refuses. */
export type Answer = (ask: Ask, refusal?: { thrown: unknown }) => void;

/** A volume's side of a set: it takes the copy in three stretches, and waits between them. */
export class Side {
  readonly name: string;
  readonly volume: Volume;
  /** The number of the copy, once it is there. */
  copy: number | undefined;
  #side: VolumeSide | undefined;
  /** Opens the gate at which the creation waits. */
  #go: (() => void) | undefined;

  constructor(name: string, volume: Volume) {
    this.name = name;
    this.volume = volume;
  }

  /** Begins to do what the set asks for. */
  ask(ask: Ask, about: About, isConsistent: boolean, answer: Answer): void {
    switch (ask) {
      case 'flush':
        void this.#create(about, answer);
        return;
      case 'hold':
      case 'commit':
        this.#go?.();
        return;
      case 'release':
        this.#side?.release();
        // A creation that waits finds that it was called off.
        this.#go?.();
        return;
      case 'finish':
        void this.#work(ask, answer, async (copy) => this.#side?.finish(copy, isConsistent));
        return;
      case 'delete':
        void this.#work(ask, answer, (copy) => this.volume.deleteShadowCopy(copy));
    }
  }

  /** Answers all that leads to the copy: each gate says that what was asked for before it is done. */
  async #create({ label, time, set, copies }: About, answer: Answer): Promise<void> {
    let asked: Ask = 'flush';
    const pass = () =>
      new Promise<void>((go) => {
        this.#go = go;
        const done = asked;
        asked = done === 'flush' ? 'hold' : 'commit';
        answer(done);
      });
    try {
      this.#side = this.volume.side(label, time, set, copies);
      this.copy = await this.#side.create(pass);
    } catch (thrown) {
      answer(asked, { thrown });
      return;
    }
    answer('commit');
  }

  async #work(ask: Ask, answer: Answer, work: (copy: number) => Promise<unknown>): Promise<void> {
    try {
      if (this.copy !== undefined) await work(this.copy);
    } catch (thrown) {
      answer(ask, { thrown });
      return;
    }
    answer(ask);
  }
}

/** Whether a volume that has refused may do so no more at the next try. */
export function isPassing(thrown: unknown): boolean {
  const kind = thrown instanceof ShadowvolError ? thrown.kind : 'error';
  return kind === 'diff-area-full' || kind === 'cancelled';
}
