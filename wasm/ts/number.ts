/** @internal Numbers on their way to the engine and back. */
import { whole } from './medium.js';

/** The highest number that a copy can have. */
const MOST = 0x7fff_ffff;

/** @internal Numbers by their names. */
export function named<K extends string>(
  names: readonly K[],
  numbers: Float64Array,
): Record<K, number> {
  const pairs = names.map((name, nth) => [name, numbers[nth]]);
  return Object.fromEntries(pairs) as Record<K, number>;
}

/** @internal The number of a copy; one that no copy can have is taken for one that none has. */
export function number(id: number): number {
  return Math.min(whole('id', id) || MOST, MOST);
}
