/** The time that a set's deadlines are counted in. Tests have one of their own. */
export interface Clock {
  /** Milliseconds since any moment; they never go back. */
  now(): number;
  /** Calls `ring` once in so many milliseconds, unless the function that it gives is called before. */
  alarm(after: number, ring: () => void): () => void;
}

/** The most milliseconds that a timer can wait: one that is to ring later rings earlier instead. */
const LONGEST = 2 ** 31 - 1;

/** The time of this page, worker or process. */
export const realTime: Clock = {
  now: () => performance.now(),
  alarm(after, ring) {
    const timer = setTimeout(ring, Math.min(Math.ceil(after), LONGEST));
    return () => clearTimeout(timer);
  },
};
