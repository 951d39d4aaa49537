/** What went wrong, to match on. Each is named as the exception in Python and the variant in Rust. */
export type ErrorKind =
  /** The shadow copy was deleted, perhaps while it was being read. */
  | 'gone'
  /** No shadow copy with this number was ever taken. */
  | 'no-such-copy'
  /** The shadow copy is in the making: nobody but its maker may use it. */
  | 'unfinished'
  /** No room for old bytes, and the policy says that the write fails. Nothing was written. */
  | 'diff-area-full'
  /** A newer holder has taken the active role. */
  | 'fenced'
  /** An earlier failure ended the active role: open the volume again. */
  | 'role-ended'
  /** Another tab or process holds the active role, and a lock says so. */
  | 'role-taken'
  /** The diff area holds something it never should. */
  | 'corrupt'
  /** The request reaches past the end. */
  | 'out-of-range'
  /** The volume is being reverted, and that has to end first. */
  | 'reverting'
  | 'retained'
  | 'retention-shortened'
  | 'copies-exhausted'
  | 'bad-chunk-size'
  | 'label-too-long'
  /** The medium does not begin like a diff area. */
  | 'not-a-diff-area'
  | 'unknown-format'
  /** The origin does not have the size that the diff area was made for. */
  | 'origin-size'
  | 'other-origin'
  | 'external-write'
  | 'coherent-crash'
  | 'diff-area-too-small'
  /** A diff area is there already. */
  | 'medium-exists'
  /** There is no such file, or no such resource. */
  | 'missing-medium'
  /** A medium failed; `cause` is what it said. */
  | 'medium-error'
  /** An object lacks a method that a medium must have. */
  | 'bad-medium'
  /** The medium cannot be written. */
  | 'read-only'
  /** A cache between this node and the medium answers with bytes of its own. */
  | 'cached-medium'
  /** An argument is of no use: an offset that is no whole number, for one. */
  | 'bad-argument'
  /** The volume or node was closed. */
  | 'closed'
  /** A shadow copy set has failed: a {@link SetFailed}, which says who, and why. */
  | 'set-failed'
  /** Another set is taking a copy of the same volume. */
  | 'creation-in-progress'
  /** That does not come next in a set. */
  | 'wrong-state'
  /** A set has 64 volumes at most. */
  | 'too-many-volumes'
  /** A volume is in the set twice. */
  | 'duplicate-volume'
  /** Somebody asked for it to stop. */
  | 'cancelled'
  /** No ext4 file system begins there; the message says what does. */
  | 'not-a-file-system'
  /** The file system, or the file, has a feature that is not read. */
  | 'unsupported-file-system'
  /** The file system contradicts its checksums or itself. */
  | 'file-system-damaged'
  | 'no-such-file'
  | 'not-a-directory'
  /** A directory has no bytes to read. */
  | 'is-a-directory'
  /** It is no regular file, no symbolic link, or one that leads in circles. */
  | 'bad-file'
  /** A scenario, a move or an order of the simulator that makes no sense. */
  | 'nonsense'
  | 'error';

/** The numbers that an error says about itself: `copy`, `needed`, `free`, `limit`, `offset` ... */
export type ErrorFacts = Readonly<Record<string, number>>;

/**
 * An error of the engine or of a medium. Its message says what to do next.
 *
 * @example
 * try {
 *   await copy.read(0, 512);
 * } catch (error) {
 *   if (error instanceof ShadowvolError && error.kind === 'gone') return readAnother();
 *   throw error;
 * }
 */
export class ShadowvolError extends Error {
  override readonly name: string = 'ShadowvolError';
  /** What went wrong, to match on. */
  readonly kind: ErrorKind;
  /** The numbers that it says about itself. */
  readonly facts: ErrorFacts;

  constructor(kind: ErrorKind, message: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.facts = facts;
  }
}

/** The names of the numbers that an error of the engine has. */
const FACTS: Partial<Record<ErrorKind, readonly string[]>> = {
  gone: ['copy'],
  'no-such-copy': ['copy'],
  retained: ['copy'],
  'retention-shortened': ['copy'],
  reverting: ['copy'],
  unfinished: ['copy'],
  'diff-area-full': ['needed', 'free', 'limit'],
  'diff-area-too-small': ['needed', 'found'],
  fenced: ['mine', 'holder'],
  'out-of-range': ['offset', 'length', 'size'],
  'bad-chunk-size': ['chunkSize'],
  'label-too-long': ['limit'],
  'unknown-format': ['found', 'known'],
  'origin-size': ['recorded', 'found'],
  corrupt: ['at'],
};

/** @internal An error as the engine tells it, which calls this. */
export function errorOf(
  kind: ErrorKind,
  message: string,
  numbers: Float64Array,
  cause: unknown,
): ShadowvolError {
  const facts = FACTS[kind]?.map((name, nth) => [name, numbers[nth] as number]) ?? [];
  return new ShadowvolError(kind, message + said(cause), Object.fromEntries(facts), cause);
}

/** @internal A medium could not be read. */
export function mediumError(name: string, cause: unknown): ShadowvolError {
  return new ShadowvolError('medium-error', `reading the ${name} failed${said(cause)}`, {}, cause);
}

/** @internal */
export function closed(): ShadowvolError {
  return new ShadowvolError('closed', 'it is closed; open it again');
}

function said(cause: unknown): string {
  const message: unknown = (cause as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? `: ${message}` : '';
}
