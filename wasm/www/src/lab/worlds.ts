/** The worlds that the page offers. */
import type { Rule, Scenario } from 'shadowvol/sim';

export interface World {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly scenario: Scenario;
}

const chunk = { start: 0, end: 2 };

/** Worlds of the page's own; all others are the proven ones, by name. */
export const OWN: readonly World[] = [
  {
    key: 'race',
    title: 'The race',
    about: 'A chunk is overwritten while a passive node reads it from a shadow copy.',
    scenario: {
      before: ['create'],
      actives: [[[{ write: { units: chunk, value: 2 } }]]],
      passives: [[[{ read: { copy: 1, units: chunk } }]]],
    },
  },
  {
    key: 'quiet',
    title: 'A quiet volume',
    about: 'A passive node reads a shadow copy, and nobody writes.',
    scenario: {
      before: ['create'],
      actives: [[[]]],
      passives: [[[{ read: { copy: 1, units: chunk } }]]],
    },
  },
  {
    key: 'playground',
    title: 'Playground',
    about: 'Eight chunks, one active node and two passive ones. Ask them for what you like.',
    scenario: {
      units: 16,
      slots: 32,
      before: ['create'],
      actives: [[[]]],
      passives: [[[]], [[]]],
      dropOldest: true,
      mishaps: { cuts: 99, kills: 99 },
    },
  },
  {
    key: 'big',
    title: '4,096 chunks, four nodes',
    about: 'A volume of 4,096 chunks, an active node with two threads, and three passive ones.',
    scenario: {
      units: 8192,
      slots: 2048,
      segment: 4,
      before: ['create'],
      actives: [[[], []]],
      passives: [[[]], [[]], [[]]],
      dropOldest: true,
      audit: false,
    },
  },
];

/** The scenario of a world, without some rules. */
export function scenarioOf(key: string, without: readonly Rule[]): Scenario {
  const own = OWN.find((world) => world.key === key);
  return { ...(own ? own.scenario : { world: key }), without };
}
