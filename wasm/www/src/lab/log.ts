/**
 * Moves as text, so that a link can carry them: `*12.l010.g00w0-2b.j` is twelve moves drawn from the
 * seed, a piece that lands, an order, and a passive that joins.
 */
import type { Action, Move, Order } from 'shadowvol/sim';

/** One thing in a log: so many moves that are drawn, under traffic or not, or a move that was chosen. */
export type Entry = { readonly drawn: number; readonly traffic: boolean } | { readonly move: Move };

/** Numbers as single letters, where they are small. */
const RADIX = 36;

export function write(entries: readonly Entry[]): string {
  return entries
    .map((entry) => ('move' in entry ? moveText(entry.move) : drawnText(entry)))
    .join('.');
}

/** @throws when it is no log. */
export function read(text: string): Entry[] {
  return text === '' ? [] : text.split('.').map(entryOf);
}

/** How many moves there are in a log. */
export function length(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + ('move' in entry ? 1 : entry.drawn), 0);
}

/** The first moves of a log. */
export function head(entries: readonly Entry[], moves: number): Entry[] {
  const kept: Entry[] = [];
  let left = moves;
  for (const entry of entries) {
    if (left === 0) break;
    const size = 'move' in entry ? 1 : entry.drawn;
    kept.push('move' in entry || size <= left ? entry : { ...entry, drawn: left });
    left -= Math.min(size, left);
  }
  return kept;
}

/** A log with one more entry. */
export function append(entries: Entry[], entry: Entry): void {
  const last = entries.at(-1);
  if (last && 'drawn' in last && 'drawn' in entry && last.traffic === entry.traffic) {
    entries[entries.length - 1] = { ...last, drawn: last.drawn + entry.drawn };
  } else {
    entries.push(entry);
  }
}

function drawnText({ drawn, traffic }: { drawn: number; traffic: boolean }): string {
  return `${traffic ? '~' : '*'}${drawn}`;
}

function moveText(move: Move): string {
  if ('join' in move) return `j${of(move.join.threads)}`;
  if ('give' in move) {
    const { node, thread, order } = move.give;
    return `g${of(node)}${of(thread)}${orderText(order)}`;
  }
  return actionText(move.act);
}

function actionText(action: Action): string {
  if ('Step' in action) return `s${of(action.Step.node)}${of(action.Step.thread)}`;
  if ('Land' in action) {
    const { node, thread, piece } = action.Land;
    return `l${of(node)}${of(thread)}${of(piece)}`;
  }
  if ('Fail' in action) return `f${of(action.Fail.node)}${of(action.Fail.thread)}`;
  if ('Kill' in action) return `k${of(action.Kill.node)}`;
  return `c${of(action.Cut.keep)}`;
}

const PLAIN = {
  create: 'c',
  make: 'n',
  settle: 's',
  compact: 'm',
  flush: 'f',
  'take-role': 't',
  close: 'x',
  'catch-up': 'u',
} as const;

function orderText(order: Order): string {
  if (typeof order === 'string') return PLAIN[order];
  if ('write' in order) return `w${rangeText(order.write.units)}-${of(order.write.value)}`;
  if ('discard' in order) return `z${rangeText(order.discard.units)}`;
  if ('amend' in order) {
    const { copy, units, value } = order.amend;
    return `a${rangeText(units)}-${of(value)}-${of(copy)}`;
  }
  if ('finish' in order) return `e${of(order.finish)}`;
  if ('look' in order) return `l${rangeText(order.look.units)}`;
  if ('ahead' in order) return `p${rangeText(order.ahead.units)}`;
  if ('zeros' in order) return `h${rangeText(order.zeros.units)}-${of(order.zeros.copy)}`;
  if ('read' in order) return `r${rangeText(order.read.units)}-${of(order.read.copy)}`;
  return 'delete' in order ? `d${of(order.delete)}` : `v${of(order.revert)}`;
}

function rangeText({ start, end }: { start: number; end: number }): string {
  return `${of(start)}-${of(end)}`;
}

function entryOf(text: string): Entry {
  const kind = text.slice(0, 1);
  const rest = text.slice(1);
  if (kind === '*' || kind === '~') {
    if (!/^\d{1,7}$/.test(rest)) throw new Error(`no number of moves: ${text}`);
    return { drawn: Number(rest), traffic: kind === '~' };
  }
  return { move: moveOf(kind, rest, text) };
}

function moveOf(kind: string, rest: string, text: string): Move {
  const digit = (nth: number) => number(rest.charAt(nth), text);
  switch (kind) {
    case 'j':
      return { join: { threads: number(rest, text) } };
    case 'g':
      return { give: { node: digit(0), thread: digit(1), order: orderOf(rest.slice(2), text) } };
    case 's':
      return { act: { Step: { node: digit(0), thread: digit(1) } } };
    case 'l':
      return {
        act: { Land: { node: digit(0), thread: digit(1), piece: number(rest.slice(2), text) } },
      };
    case 'f':
      return { act: { Fail: { node: digit(0), thread: digit(1) } } };
    case 'k':
      return { act: { Kill: { node: number(rest, text) } } };
    case 'c':
      return { act: { Cut: { keep: number(rest, text) } } };
    default:
      throw new Error(`no move: ${text}`);
  }
}

function orderOf(order: string, text: string): Order {
  const plain = Object.entries(PLAIN).find(([, letter]) => letter === order)?.[0];
  if (plain) return plain as keyof typeof PLAIN;
  const numbers = order
    .slice(1)
    .split('-')
    .map((part) => number(part, text));
  const [first = 0, end = 0, third = 0, fourth = 0] = numbers;
  const units = { start: first, end };
  switch (`${order.slice(0, 1)}${numbers.length}`) {
    case 'w3':
      return { write: { units, value: third } };
    case 'a4':
      return { amend: { units, value: third, copy: fourth } };
    case 'e1':
      return { finish: first };
    case 'r3':
      return { read: { units, copy: third } };
    case 'h3':
      return { zeros: { units, copy: third } };
    case 'p2':
      return { ahead: { units } };
    case 'z2':
      return { discard: { units } };
    case 'l2':
      return { look: { units } };
    case 'd1':
      return { delete: first };
    case 'v1':
      return { revert: first };
    default:
      throw new Error(`no order: ${text}`);
  }
}

function of(value: number): string {
  return value.toString(RADIX);
}

function number(text: string, all: string): number {
  if (!/^[0-9a-z]{1,7}$/.test(text)) throw new Error(`no number in ${all}`);
  return parseInt(text, RADIX);
}
