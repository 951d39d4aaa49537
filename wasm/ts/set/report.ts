import { ShadowvolError } from '../error.js';
import type { Call } from './participant.js';

/** What a set came to. */
export type Outcome =
  /** One instant, at which every participant was quiet. */
  | 'application-consistent'
  /** One instant; there is no participant, or one of them was left out. */
  | 'crash-consistent'
  /** There is no set, and no copy of any volume. */
  | 'failed';

/** What a volume of a set is asked for. */
export type Ask = 'flush' | 'hold' | 'commit' | 'release' | 'finish' | 'delete';

/** Why a participant was left out, or a set failed. */
export type Reason = {
  /** In words. */
  readonly message: string;
  /** Whether another try may succeed. */
  readonly retryable: boolean;
} & (
  | {
      /** A participant refused, or did not answer in time. */
      readonly kind: 'vetoed' | 'late';
      readonly during: Call;
    }
  | {
      /** A volume refused, or did not answer in time. */
      readonly kind: 'refused' | 'slow';
      readonly during: Ask;
    }
  | {
      readonly kind:
        /** A participant would have been frozen for too long. */
        | 'frozen-too-long'
        /** `freezeMs` were over before the copies were taken. */
        | 'freeze-window'
        /** `holdMs` were over before the copies were taken: writes went on. */
        | 'hold-window'
        /** Application consistency was asked for, and there is no participant. */
        | 'no-participant'
        /** The requester aborted. */
        | 'aborted';
      readonly during?: undefined;
    }
);

/** Where a set is. */
export type Phase =
  | 'planned'
  | 'preparing'
  | 'prepared'
  | 'freezing'
  | 'flushing'
  | 'holding'
  | 'committing'
  | 'thawing'
  | 'post-snapshot'
  | 'finishing'
  | 'created'
  | 'completing'
  | 'undoing'
  | 'shutting down'
  | 'over';

/** Why there is no set, and on whose account. */
export type Failure = {
  /** Where it was. */
  readonly phase: Phase;
  readonly reason: Reason;
  /** Whether another try may succeed. */
  readonly retryable: boolean;
  /** All of this in words. */
  readonly message: string;
} & (
  | {
      /** On whose account. */
      readonly author: 'participant' | 'volume';
      /** Its name. */
      readonly name: string;
    }
  | {
      /** Nobody's but the requester's, or the set's, which took too long or has no participant. */
      readonly author: 'requester' | 'set';
      readonly name?: undefined;
    }
);

/** What is known of a participant. */
export interface Part {
  readonly name: string;
  readonly required: boolean;
  /** Why it did not take part; nothing if it did. */
  readonly leftOut: Reason | undefined;
  /** Whether it may still be frozen: it was told to go on, and has not answered. */
  readonly maybeFrozen: boolean;
  /** What it said against the end of the backup, or that it said nothing. */
  readonly complaint: Reason | undefined;
}

/** What is known of a set. */
export interface Report {
  /** What it came to; nothing as long as it has not come to anything. */
  readonly outcome: Outcome | undefined;
  /** Why it failed, if it did. */
  readonly failure: Failure | undefined;
  /** All participants, in the order in which they were given. */
  readonly participants: readonly Part[];
  /** The names of those that took part. */
  readonly tookPart: readonly string[];
  /**
   * Volumes that may still have a copy of a failed set: they did not answer, or could not delete it.
   * It is `unfinished`, and is deleted when the volume answers, or is opened again.
   */
  readonly leftBehind: readonly string[];
}

/**
 * There is no set, and no copy is left but of the volumes that `report.leftBehind` names. `cause` is
 * what the participant or volume has thrown.
 *
 * @example
 * try {
 *   await backupSet({ data, log }, { participants: [cart] }, upload);
 * } catch (error) {
 *   if (error instanceof SetFailed && error.failure.author === 'participant') {
 *     console.warn(`${error.failure.name} did not take part: ${error.failure.reason.message}`);
 *   } else throw error;
 * }
 */
export class SetFailed extends ShadowvolError {
  override readonly name = 'SetFailed';
  /** Who failed, and why. */
  readonly failure: Failure;
  /** What is known of everybody. */
  readonly report: Report;

  /** @internal */
  constructor(failure: Failure, report: Report, cause?: unknown) {
    super('set-failed', failure.message, {}, cause);
    this.failure = failure;
    this.report = report;
  }
}
