/** The state of the laboratory as a link: which world, which rules are broken, and all moves. */
import type { Rule } from 'shadowvol/sim';

export interface LabState {
  readonly world: string;
  readonly without: readonly Rule[];
  readonly seed: number;
  readonly log: string;
  readonly at: number;
}

export const PATH = '#/lab';

export function linkOf({ world, without, seed, log, at }: LabState): string {
  const parts = [`world=${encodeURIComponent(world)}`];
  if (without.length > 0) parts.push(`without=${without.join('+')}`);
  parts.push(`seed=${seed}`);
  if (log !== '') parts.push(`moves=${log}`, `at=${at}`);
  return `${PATH}?${parts.join('&')}`;
}

/** What a link says; nothing if it is none of the laboratory's. */
export function stateOf(hash: string): LabState | undefined {
  if (!hash.startsWith(`${PATH}?`)) return undefined;
  const parts = new Map(
    hash
      .slice(PATH.length + 1)
      .split('&')
      .map((part): [string, string] => {
        const cut = part.indexOf('=');
        return [part.slice(0, cut), decodeURIComponent(part.slice(cut + 1))];
      }),
  );
  const world = parts.get('world');
  if (!world) return undefined;
  return {
    world,
    without: (parts.get('without')?.split(/[+ ]/) ?? []) as Rule[],
    seed: whole(parts.get('seed')),
    log: parts.get('moves') ?? '',
    at: parts.has('at') ? whole(parts.get('at')) : Number.MAX_SAFE_INTEGER,
  };
}

function whole(text = ''): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 1;
}
