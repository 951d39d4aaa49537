/**
 * One trace of operations, the same results by every face of the engine. What a trace is, and which
 * face plays it where, is told in `core/tests/faces/README.md`; this one plays them in JavaScript.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crc32 } from './crc32.js';

import { type Extent, Memory, Passive, ShadowvolError, Volume } from 'shadowvol';

const TRACES = new URL('../../../core/tests/faces/', import.meta.url);

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
  const byte = (_: number, i: number) => (seed === 0 ? 0 : (31 * seed + 7 * i + Math.floor(i / 256)) % 256);
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
        assert.equal(await this.#volume.write(offset, pattern(line)), length);
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
        assert.deepEqual(theirs.map(({ id, label }) => [id, bytes(label)]), own);
        return own;
      }
      case 'changes': {
        const { since, until } = line;
        const own = this.#volume.changes(since, until ?? undefined);
        if (until !== null) assert.deepEqual(await this.#passive.changes(since, until), own);
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
        const fenced = (error: unknown) =>
          error instanceof ShadowvolError && error.kind === 'fenced';
        await assert.rejects(old.createShadowCopy('late'), fenced);
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
      const same = (other: unknown) =>
        other instanceof ShadowvolError && other.kind === error.kind;
      await assert.rejects(async () => {
        await (await this.#passive.shadowCopy(id)).read(offset, length);
      }, same);
      throw error;
    }
    const buffer = new Uint8Array(length);
    assert.equal(await (await this.#passive.shadowCopy(id)).readInto(offset, buffer), length);
    assert.deepEqual(buffer, own);
    return crc32(own);
  }
}

/** `gone` is `Gone`, `chunkSize` is `chunk_size`: the names in the traces are Python's. */
const className = (kind: string) => kind.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

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

for (const name of ['fail.jsonl', 'drop.jsonl']) {
  test(`the results of ${name} are those of every face`, async () => {
    const player = new Player();
    const lines = readFileSync(new URL(name, TRACES), 'utf8').trimEnd().split('\n');
    assert.ok(lines.length > 100);
    for (const [nth, text] of lines.entries()) {
      const line = JSON.parse(text) as Line & Record<string, unknown>;
      const told = ['result', 'error', 'numbers'].filter((key) => key in line);
      const expected = Object.fromEntries(told.map((key) => [key, line[key]]));
      assert.deepEqual(await outcome(player, line), expected, `line ${nth + 1}: ${text}`);
    }
  });
}
