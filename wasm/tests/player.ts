/**
 * One trace of operations, played in JavaScript: in Node and, as it stands, in a browser. What a trace
 * is, and which face plays it where, is told in `core/tests/faces/README.md`.
 */
import { type Extent, Memory, Passive, ShadowvolError, Volume } from 'shadowvol';

import { crc32 } from './crc32.js';

/** Which numbers of an error are compared; `free` tells of the moment. */
const NUMBERS: Record<string, string[]> = {
  Gone: ['copy'],
  NoSuchCopy: ['copy'],
  OutOfRange: ['offset', 'length', 'size'],
  BadChunkSize: ['chunkSize'],
  LabelTooLong: ['limit'],
  DiffAreaFull: ['needed', 'limit'],
  Closed: [],
};

interface Line {
  do: string;
  offset: number;
  length: number;
  seed: number;
  copy: number;
  since: number;
  until: number | null;
  label: string;
  times: number;
  size: number;
  limit: number;
  chunk_size: number;
  on_full: 'fail' | 'drop-oldest';
}

/** What is written with a seed. */
function pattern({ seed, length }: Line): Uint8Array {
  const byte = (_: number, i: number) =>
    seed === 0 ? 0 : (31 * seed + 7 * i + Math.floor(i / 256)) % 256;
  return new Uint8Array(length).map(byte);
}

const pairs = (extents: Extent[]) => extents.map(({ offset, length }) => [offset, length]);

/** A volume and a passive node on media in memory. */
class Player {
  #origin!: Memory;
  #diff!: Memory;
  #volume!: Volume;
  #passive!: Passive;

  async play(line: Line): Promise<unknown> {
    const { offset, length, copy } = line;
    switch (line.do) {
      case 'create': {
        const media = { origin: new Memory(line.size), diff: new Memory() };
        const { limit, chunk_size: chunkSize, on_full: onFull } = line;
        this.#volume = await Volume.create(media, { limit, chunkSize, onFull });
        this.#passive = await Passive.open(media);
        ({ origin: this.#origin, diff: this.#diff } = media);
        return;
      }
      case 'write':
        same(await this.#volume.write(offset, pattern(line)), length);
        return;
      case 'discard':
        return this.#volume.discard(offset, length);
      case 'read':
        return crc32(await this.#volume.read(offset, length));
      case 'flush':
        return this.#volume.flush();
      case 'compact':
        return this.#volume.compact();
      case 'take':
        return (await this.#volume.createShadowCopy(line.label.repeat(line.times))).id;
      case 'delete':
        return this.#volume.deleteShadowCopy(copy);
      case 'revert':
        return this.#volume.revert(copy);
      case 'copies': {
        const bytes = (label: string) => new TextEncoder().encode(label).length;
        const own = this.#volume.shadowCopies().map(({ id, label }) => [id, bytes(label)]);
        const theirs = await this.#passive.shadowCopies();
        same(
          theirs.map(({ id, label }) => [id, bytes(label)]),
          own,
        );
        return own;
      }
      case 'changes': {
        const { since, until } = line;
        const own = this.#volume.changes(since, until ?? undefined);
        if (until !== null) same(await this.#passive.changes(since, until), own);
        return pairs(own);
      }
      case 'read-copy':
        return this.#readCopy(copy, offset, length);
      case 'all': {
        const digests: unknown[] = [crc32(await this.#volume.read(0, this.#volume.size))];
        for (const { id } of this.#volume.shadowCopies()) {
          digests.push([id, await this.#readCopy(id, 0, this.#volume.size)]);
        }
        return digests;
      }
      case 'dropped':
        return this.#volume
          .events()
          .flatMap((event) => (event.kind === 'copies-dropped' ? event.copies : []));
      case 'reopen':
        await this.#volume.close();
        this.#volume = await Volume.open({ origin: this.#origin, diff: this.#diff });
        return;
      case 'usurp': {
        const old = this.#volume;
        this.#volume = await Volume.open({ origin: this.#origin, diff: this.#diff });
        same(await kindOf(old.createShadowCopy('late')), 'fenced');
        return;
      }
      case 'close':
        return this.#volume.close();
      case 'media': {
        const content = new Uint8Array(this.#origin.size());
        this.#origin.readAt(0, content);
        return [crc32(content)];
      }
      default:
        throw new Error(`nobody plays ${line.do}`);
    }
  }

  async #readCopy(id: number, offset: number, length: number): Promise<number> {
    let own: Uint8Array;
    try {
      own = await (await (await this.#volume.reader()).shadowCopy(id)).read(offset, length);
    } catch (error) {
      if (!(error instanceof ShadowvolError) || error.kind === 'closed') throw error;
      const other = this.#passive.shadowCopy(id).then((copy) => copy.read(offset, length));
      same(await kindOf(other), error.kind);
      throw error;
    }
    const buffer = new Uint8Array(length);
    same(await (await this.#passive.shadowCopy(id)).readInto(offset, buffer), length);
    same(
      buffer.findIndex((byte, nth) => byte !== own[nth]),
      -1,
    );
    return crc32(own);
  }
}

/** `gone` is `Gone`, `chunkSize` is `chunk_size`: the names in the traces are Python's. */
const className = (kind: string) =>
  kind.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @throws when two things that every node has to agree on are not the same. */
function same(found: unknown, expected: unknown): void {
  const [one, other] = [textOf(found), textOf(expected)];
  if (one !== other) throw new Error(`${one} instead of ${other}`);
}

/** A value as text, the same for objects whose properties are in another order. */
function textOf(value: unknown): string {
  const sorted = (_: string, of: unknown) =>
    of && typeof of === 'object' && !Array.isArray(of)
      ? Object.fromEntries(Object.entries(of).sort())
      : of;
  return JSON.stringify(value, sorted);
}

/** The kind of the error that a request ends with. */
async function kindOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (error instanceof ShadowvolError) return error.kind;
    throw error;
  }
  return 'no error';
}

async function outcome(player: Player, line: Line): Promise<object> {
  try {
    const result = await player.play(line);
    return result === undefined ? {} : { result };
  } catch (error) {
    if (!(error instanceof ShadowvolError)) throw error;
    const name = className(error.kind);
    const numbers = (NUMBERS[name] ?? []).map((fact) => [snake(fact), error.facts[fact]]);
    return { error: name, numbers: Object.fromEntries(numbers) };
  }
}

/** Plays a trace, and gives the lines that have come to something else, with what that was. */
export async function play(trace: string): Promise<string[]> {
  const player = new Player();
  const wrong: string[] = [];
  for (const text of trace.trimEnd().split('\n')) {
    const line = JSON.parse(text) as Line & Record<string, unknown>;
    const told = ['result', 'error', 'numbers'].filter((key) => key in line);
    const expected = textOf(Object.fromEntries(told.map((key) => [key, line[key]])));
    const found = textOf(await outcome(player, line));
    if (found !== expected) wrong.push(`${text}: ${found}`);
  }
  return wrong;
}
