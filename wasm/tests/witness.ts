/** Participants for tests: one that notes what it is told, and ways to fail. */
import { type Call, type Level, type Participant, type SetCopy, Veto } from 'shadowvol/sets';

/** A participant that notes what it is told. */
export class Witness implements Participant {
  readonly calls: string[] = [];
  copies: readonly SetCopy[] = [];
  frozen = false;
  level: Level = 'front-end';
  constructor(
    readonly name: string,
    readonly deviation: Partial<Record<Call, () => Promise<void> | void>> = {},
  ) {}
  prepare = () => this.#told('prepare');
  freeze = () => {
    this.frozen = true;
    return this.#told('freeze');
  };
  thaw = () => {
    this.frozen = false;
    return this.#told('thaw');
  };
  postSnapshot = (copies: readonly SetCopy[]) => {
    this.copies = copies;
    return this.#told('postSnapshot');
  };
  abort = () => {
    this.frozen = false;
    return this.#told('abort');
  };
  backupComplete = (succeeded: boolean) => this.#told('backupComplete', `${succeeded}`);
  shutdown = () => this.#told('shutdown');

  #told(call: Call, ...with_: string[]): Promise<void> | void {
    this.calls.push([call, ...with_].join(' '));
    return this.deviation[call]?.();
  }
}

/** How a callback fails. */
export const WAYS = {
  throws: () => {
    throw new Veto('not now', { retryable: true });
  },
  rejects: () => Promise.reject(new RangeError('out of order')),
  hangs: () => new Promise<never>(() => {}),
} as const;
