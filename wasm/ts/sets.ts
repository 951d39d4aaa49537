/**
 * Shadow copy sets: one instant of several volumes, in which applications take part. A module of its
 * own, `shadowvol/sets`, so that who takes copies of single volumes does not load it.
 */
export type { Clock } from './set/clock.js';
export { load } from './set/load.js';
export type { Copies, SetOptions, Volumes } from './set/options.js';
export type { Call, Deadlines, Level, Participant, SetCopy } from './set/participant.js';
export { Veto } from './set/participant.js';
export type { Ask, Failure, Outcome, Part, Phase, Reason, Report } from './set/report.js';
export { SetFailed } from './set/report.js';
export {
  type BackupOptions,
  type BackupResult,
  backupSet,
  type CreatedSet,
  type PreparedSet,
  prepareSet,
} from './set/set.js';
