/** The guided tour: five steps from a frozen copy to a broken one. */
import type { Rule } from 'shadowvol/sim';

import type { Explorer, Finding } from './explorer.ts';
import type { Phase } from './frame.ts';
import type { Lab } from './lab.ts';

const READER: Phase = { lane: [1, 0] };
const WRITER: Phase = { lane: [0, 0] };

/** The reader has read half of the chunk when the writer passes it. */
const RACE: readonly Phase[] = [{ ...READER, until: 'R2' }, WRITER, READER];

const NO_CHECK: readonly Rule[] = ['ConfirmAbsence'];

interface Step {
  readonly title: string;
  readonly text: string;
  /** What is said when it has been played. */
  readonly moral: string;
  readonly world?: string;
  readonly without?: readonly Rule[];
  readonly phases?: readonly Phase[];
}

export const STEPS: readonly Step[] = [
  {
    title: 'A copy costs nothing until somebody writes',
    text:
      'Copy 1 is the volume as it was at one instant. Nothing was overwritten since, so its bytes ' +
      'are still where they always were. A reader finds no record of the chunk (R1), reads the ' +
      'volume (R2), and looks into the journal once more (R3).',
    moral: 'No record before, no record after: what it has read is the copy.',
    world: 'quiet',
    phases: [READER],
  },
  {
    title: 'The writer keeps what it overwrites',
    text:
      'The writer looks up whether copy 1 still lacks the chunk (W1), puts the old bytes into a ' +
      'slot of the diff area (W2), says so in the journal (W3), and only then overwrites (W4).',
    moral: 'The reader finds the record at once, and takes the old bytes from the slot.',
    world: 'race',
    phases: [WRITER, READER],
  },
  {
    title: 'Now both at the same time',
    text:
      'The reader has looked up the chunk, found no record, and read its first half. Then the ' +
      'writer passes. The second half that the reader gets is new. Nobody waits for anybody, and ' +
      'nobody knows of the other.',
    moral:
      'R3 asked the journal again and found the record that was not there before. What was read ' +
      'is thrown away, and the slot has the truth.',
    world: 'race',
    phases: RACE,
  },
  {
    title: 'The same race, without the second look',
    text:
      'The same moves in the same order, and one rule less: the reader believes what it has ' +
      'looked up before it read.',
    moral: 'Half old, half new: bytes that the volume never held. No checksum would have told.',
    world: 'race',
    without: NO_CHECK,
    phases: RACE,
  },
  {
    title: 'Was that bad luck? Try everything',
    text:
      'An explorer goes through all that can happen in this small world: every order of every ' +
      'half of every operation. First with the re-check, then without.',
    moral: '',
  },
];

/** What the last step has found. */
export interface Proof {
  readonly kept: Finding;
  readonly broken: Finding;
}

export class Tour {
  /** The step that is shown; nothing when the tour is closed. */
  step: number | undefined = 0;
  proof: Proof | undefined;
  /** The world of the step is being made. */
  #coming = false;
  readonly #lab: Lab;
  readonly #explorer: Explorer;
  readonly #changed: () => void;

  constructor(lab: Lab, explorer: Explorer, changed: () => void) {
    this.#lab = lab;
    this.#explorer = explorer;
    this.#changed = changed;
  }

  get current(): Step | undefined {
    return this.step === undefined ? undefined : STEPS[this.step];
  }

  /** Whether what the step shows has been seen to its end. */
  get isTold(): boolean {
    if (!this.current?.phases) return this.proof !== undefined;
    return !this.#coming && this.#lab.length > 0 && this.#lab.at === this.#lab.length;
  }

  /** Shows a step, and plays it if wanted. */
  async go(step: number, plays: boolean): Promise<void> {
    const next = STEPS[step];
    if (!next) return this.close();
    this.step = step;
    this.#changed();
    if (!next.phases || !next.world) return plays ? this.explore() : undefined;
    this.#coming = true;
    this.#lab.setTraffic(false);
    await this.#lab.plan(next.world, next.without ?? [], next.phases);
    this.#coming = false;
    if (plays && this.step === step) this.#lab.play();
  }

  /** The last step: with the rule, and without it. */
  async explore(): Promise<void> {
    this.proof = undefined;
    const kept = await this.#explorer.explore('overwrite', []);
    const broken = kept && (await this.#explorer.explore('overwrite', NO_CHECK));
    if (kept && broken) this.proof = { kept, broken };
    this.#changed();
  }

  close(): void {
    this.step = undefined;
    this.#explorer.stop();
    this.#changed();
  }
}
