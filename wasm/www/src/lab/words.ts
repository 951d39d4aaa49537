/** Plain words for what happens, and for what is wrong. */
import type { Answer, NodePicture, Rule } from 'shadowvol/sim';

import { type Hand, SLOT_BYTES, UNIT_BYTES } from './hand.ts';
import type { Lab } from './lab.ts';
import { RULES } from './rules.ts';
import { letter } from './scene.ts';

/** `active 0` is the active node; of passives there may be many. */
export function nodeName(nodes: readonly NodePicture[], node: number): string {
  const of = nodes[node];
  if (!of) return `node ${node}`;
  if (of.active)
    return nodes.filter(({ active }) => active).length > 1 ? `Active ${node}` : 'Active';
  const nth = nodes.slice(0, node).filter(({ active }) => !active).length;
  return `Passive ${nth + 1}`;
}

/** What a thread was asked to do, with letters for values. */
export function orderWords(order: string | null): string {
  if (order === null) return 'nothing to do';
  return order
    .replace(/^write (\d+) to/, (_, value: string) => `write ${letter(Number(value))} to`)
    .replace(/units (\d+)\.\.(\d+)/, (_, start: string, end: string) =>
      unitWords(Number(start), Number(end)),
    );
}

/** Halves of chunks. */
function unitWords(start: number, end: number): string {
  const first = start >> 1;
  const last = (end - 1) >> 1;
  const whole = start % 2 === 0 && end % 2 === 0;
  if (!whole && first === last) return `a half of chunk ${first}`;
  if (first === last) return `chunk ${first}`;
  return `chunks ${first}–${last}`;
}

/** An event, with chunks and slots where the simulator has units and bytes. */
export function eventWords(text: string): string {
  return text
    .replace(/units (\d+)\.\.(\d+)/g, (_, start: string, end: string) =>
      unitWords(Number(start), Number(end)),
    )
    .replace(/(?:, part \d+ of \d+)? \(byte (\d+) of the origin\)/, (_, at: string) => {
      const unit = Math.floor(Number(at) / UNIT_BYTES);
      return `: chunk ${unit >> 1}, ${unit % 2 === 0 ? 'first' : 'second'} half`;
    })
    .replace(/(, part \d+ of \d+)? \(byte (\d+) of the diff area\)/, (_, part = '', at: string) => {
      return `: slot ${Math.floor(Number(at) / SLOT_BYTES)}${part as string}`;
    });
}

export interface Damage {
  readonly title: string;
  readonly found?: readonly (number | undefined)[];
  readonly truth?: readonly number[];
  readonly start?: number;
  readonly text: string;
  readonly why: string | undefined;
}

/** What is wrong in a world whose promise is broken. */
export function damageOf(lab: Lab): Damage | undefined {
  const { broken, scene } = lab;
  if (broken === null || !scene) return undefined;
  const why = lab.without.map((rule) => RULES[rule].why).join(' ') || undefined;
  const hand = lab.hands.find(({ verdict }) => verdict === 'wrong');
  const truth = hand && scene.copies.find(({ id }) => id === hand.copy)?.truth;
  const who = hand && nodeName(scene.nodes, hand.node);
  if (hand && who && truth && hand.error === undefined) {
    const part = Array.from(truth.subarray(hand.start, hand.start + hand.values.length));
    const [read, held] = [letters(hand), part.map(letter).join(' ')];
    return {
      title: 'A wrong read',
      found: hand.values,
      truth: part,
      start: hand.start,
      text: `${who} read copy ${hand.copy} and got ${read}. At its instant the volume held ${held}.`,
      why,
    };
  }
  if (hand?.error !== undefined) {
    const text = `${who} could not read copy ${hand.copy}, which is alive: ${hand.error}.`;
    return { title: 'A copy that cannot be read', text, why };
  }
  return { title: 'A broken promise', text: brokenWords(broken), why };
}

function letters(hand: Hand): string {
  return hand.values.map(letter).join(' ');
}

/** The oracle's words, with letters for values. */
function brokenWords(broken: string): string {
  const list = (values: string) =>
    values
      .split(', ')
      .map((value) => (value === '-1' ? '·' : letter(Number(value))))
      .join(' ');
  const text = broken.replace(/\[([-\d, ]+)\]/g, (_, values: string) => list(values));
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What an answer came to, in a few words. */
export function answerWords({ order, found, error }: Answer): { asked: string; got: string } {
  if (typeof order !== 'string' && 'zeros' in order) {
    const { copy, units } = order.zeros;
    const asked = `holes of copy ${copy}, ${unitWords(units.start, units.end)}`;
    return { asked, got: error ?? (found.length === 0 ? 'none' : found.map(letter).join(' ')) };
  }
  if (typeof order === 'string' || !('read' in order)) return { asked: 'the volume', got: '' };
  const { copy, units } = order.read;
  const asked = `copy ${copy}, ${unitWords(units.start, units.end)}`;
  return {
    asked,
    got: error ?? (found.length === 0 ? 'no such copy' : found.map(letter).join(' ')),
  };
}

/** How many rules are broken, in words. */
export function rulesWords(without: readonly Rule[]): string {
  if (without.length === 0) return 'All rules are kept.';
  return `Broken: ${without.map((rule) => RULES[rule].broken.toLowerCase()).join(', ')}.`;
}
