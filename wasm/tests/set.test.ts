/** Shadow copy sets: one instant whoever writes, and everybody let go whatever fails, in virtual time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { type ErrorKind, type Media, Memory, Passive, ShadowvolError, Volume } from 'shadowvol';
import {
  type BackupOptions,
  backupSet,
  type Call,
  type Level,
  type Participant,
  prepareSet,
  type Reason,
  SetFailed,
  Veto,
} from 'shadowvol/sets';

import { calm, VirtualClock } from './clock.js';
import { Bytes, filled, Promised, random } from './media.js';
import { WAYS, Witness } from './witness.js';

const SIZE = 1 << 18;

const memory = (): Media => ({ origin: new Memory(SIZE), diff: new Memory() });

async function volumes(count: number, media = memory): Promise<Volume[]> {
  return Promise.all(
    Array.from({ length: count }, () => Volume.create(media(), { chunkSize: 4096 })),
  );
}

function kind(expected: ErrorKind) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ShadowvolError, String(error));
    assert.equal(error.kind, expected, error.message);
    return true;
  };
}

/** What a set has failed with. */
async function failure(work: Promise<unknown>): Promise<SetFailed> {
  const error = await work.then(
    () => assert.fail('there is a set'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SetFailed, String(error));
  assert.equal(error.kind, 'set-failed');
  assert.equal(error.report.outcome, 'failed');
  return error;
}

/** Nothing is held and nothing is left. */
async function atPeace(all: readonly Volume[], clock?: VirtualClock): Promise<void> {
  for (const volume of all) {
    await volume.write(0, filled(10, 9));
    assert.deepEqual(volume.shadowCopies(), []);
  }
  if (clock) assert.equal(clock.alarms, 0);
}

const GOOD = ['prepare', 'freeze', 'thaw', 'postSnapshot', 'backupComplete true', 'shutdown'];

describe('one instant', () => {
  const kinds: [string, number, () => Media][] = [
    ['2 volumes in memory', 2, memory],
    ['8 volumes in memory', 8, memory],
    ['8 volumes on media that promise', 8, promised(5)],
  ];
  for (const [name, count, media] of kinds) {
    test(`of ${name} under concurrent writes`, async (context) => {
      const all = await volumes(count, media);
      const counter = (value: number) => new Uint8Array(new Uint32Array([value]).buffer);
      let stop = false;
      context.after(() => (stop = true));
      // Each is written when the one before has been acknowledged, by some that know of no set.
      const write = async (at: number) => {
        for (let value = 1; !stop; value++) {
          for (const volume of all) await volume.write(at, counter(value));
          await turn();
        }
      };
      const writers = [0, 512, 8192, 8196].map(write);
      let different = 0;
      for (let round = 0; round < 20; round++) {
        const witness = new Witness('witness');
        const options = { participants: [witness], label: `round ${round}` };
        const { report, value } = await backupSet(all, options, async (copies) => {
          for (const at of [0, 512, 8192, 8196]) {
            const found = await Promise.all(
              copies.map(
                async (copy) => new Uint32Array((await copy.read(at, 4)).buffer)[0] ?? NaN,
              ),
            );
            const [first = NaN] = found;
            const last = found.at(-1) ?? NaN;
            const sorted = [...found].sort((one, other) => other - one);
            assert.deepEqual(found, sorted, 'a later volume has what an earlier one has not');
            assert.ok(first - last <= 1, `${found}`);
            different += first - last;
            assert.ok(round < 3 || first > 0);
          }
          assert.ok(
            copies.every(({ label, unfinished }) => label === `round ${round}` && !unfinished),
          );
          return copies.length;
        });
        assert.equal(value, count);
        assert.equal(report.outcome, 'application-consistent');
        assert.deepEqual(report.tookPart, ['witness']);
        assert.deepEqual(witness.calls, GOOD);
        assert.equal(witness.copies.length, count);
      }
      stop = true;
      await Promise.all(writers);
      // Else the writers were never in the middle of their work, and nothing was shown.
      if (media !== memory) assert.ok(different > 0);
      await atPeace(all);
    });
  }

  test('a participant that stops its writers finds all of its work or nothing', async (context) => {
    const all = await volumes(2, promised(11));
    let stop = false;
    context.after(() => (stop = true));
    let pausing = false;
    let paused = () => {};
    let resume = () => {};
    const work = async () => {
      for (let value = 1; !stop; value = (value + 1) & 255) {
        for (const volume of all) await volume.write(0, filled(9000, value));
        await new Promise((next) => setImmediate(next));
        if (!pausing) continue;
        paused();
        await new Promise<void>((next) => (resume = next));
      }
    };
    const goOn = () => {
      pausing = false;
      resume();
    };
    const store: Participant = {
      name: 'store',
      freeze: () =>
        new Promise<void>((quiet) => {
          paused = quiet;
          pausing = true;
        }),
      thaw: goOn,
      abort: goOn,
    };
    const working = work();
    for (let round = 0; round < 5; round++) {
      await backupSet(
        { data: all[0]!, log: all[1]! },
        { participants: [store] },
        async ({ data, log }) => {
          const [one, other] = await Promise.all([data.read(0, 9000), log.read(0, 9000)]);
          assert.deepEqual(one, other);
          assert.deepEqual(one, filled(9000, one[0] ?? 0));
        },
      );
    }
    stop = true;
    await working;
    await atPeace(all);
  });
});

const turn = () => new Promise((resume) => setImmediate(resume));

/** Writes take a turn, and barriers so many more. */
class Slow extends Promised {
  turns = 0;
  override async writeAt(offset: number, data: Uint8Array): Promise<void> {
    await turn();
    return super.writeAt(offset, data);
  }
  override async barrier(): Promise<void> {
    for (let nth = 0; nth < this.turns; nth++) await turn();
    return super.barrier();
  }
}

/**
 * Media of which each flushes longer than the one before, while writes overtake: nothing is of one instant
 * by chance.
 */
function promised(seed: number): () => Media {
  const chance = random(seed);
  let turns = 0;
  return () => {
    const origin = new Slow(SIZE, chance);
    origin.turns = turns;
    turns += 3;
    return { origin, diff: new Promised(0, chance) };
  };
}

describe('a participant that', () => {
  for (const [way, deviate] of Object.entries(WAYS)) {
    const expected = (reason: Reason | undefined, call: Call) => {
      assert.ok(reason);
      assert.deepEqual([reason.kind, reason.during], [way === 'hangs' ? 'late' : 'vetoed', call]);
      assert.equal(reason.retryable, way !== 'rejects');
      if (way === 'throws') assert.match(reason.message, /not now/);
    };

    for (const call of ['prepare', 'freeze', 'thaw', 'postSnapshot'] as const) {
      test(`${way} in ${call} is named, and all are let go`, async () => {
        const [clock, all] = [new VirtualClock(), await volumes(2)];
        const [good, bad] = [new Witness('good'), new Witness('bad', { [call]: deviate })];
        const options = { participants: [good, bad], clock };
        const work = backupSet(all, options, () => assert.fail('there is a set'));
        const error = await failure(clock.run(work));
        assert.deepEqual([error.failure.author, error.failure.name], ['participant', 'bad']);
        expected(error.failure.reason, call);
        assert.equal(error.failure.retryable, way !== 'rejects');
        assert.match(error.message, /participant `bad`/);
        assert.equal(error.cause instanceof Error, way !== 'hangs');
        assert.ok(good.calls.includes('abort'));
        assert.ok(bad.calls.includes('abort'));
        assert.deepEqual([good.frozen, bad.frozen], [false, false]);
        assert.deepEqual(error.report.tookPart, ['good']);
        const unsure = error.report.participants.map(({ maybeFrozen }) => maybeFrozen);
        assert.deepEqual(unsure, [false, way === 'hangs' && call === 'freeze']);
        assert.ok(clock.passed < 61_000);
        await atPeace(all, clock);
      });

      test(`${way} in ${call} and is not required is left out`, async () => {
        const [clock, all] = [new VirtualClock(), await volumes(2)];
        const [good, bad] = [new Witness('good'), new Witness('bad', { [call]: deviate })];
        const options = { participants: [bad, good], required: ['good'], clock };
        const { report } = await clock.run(backupSet(all, options, () => {}));
        assert.equal(report.outcome, 'crash-consistent');
        assert.deepEqual(report.tookPart, ['good']);
        assert.equal(report.failure, undefined);
        expected(report.participants[0]?.leftOut, call);
        assert.ok(bad.calls.includes('abort'));
        assert.deepEqual(good.calls, GOOD);
        await atPeace(all, clock);
      });
    }

    for (const call of ['backupComplete', 'shutdown'] as const) {
      test(`${way} in ${call} is reported, and the set is good`, async () => {
        const [clock, all] = [new VirtualClock(), await volumes(2)];
        const bad = new Witness('bad', { [call]: deviate });
        const { report } = await clock.run(
          backupSet(all, { participants: [bad], clock }, () => {}),
        );
        assert.equal(report.outcome, 'application-consistent');
        expected(report.participants[0]?.complaint, call);
        await atPeace(all, clock);
      });
    }

    test(`${way} in abort keeps nobody`, async () => {
      const [clock, all] = [new VirtualClock(), await volumes(2)];
      const bad = new Witness('bad', { abort: deviate });
      const veto = new Veto('the disk is full');
      const other = new Witness('other', { freeze: () => Promise.reject(veto) });
      const good = new Witness('good');
      const participants = [bad, other, good];
      const error = await failure(clock.run(backupSet(all, { participants, clock }, () => {})));
      assert.deepEqual([error.failure.name, error.cause], ['other', veto]);
      const [first, , third] = error.report.participants;
      expected(first?.complaint, 'abort');
      assert.deepEqual([first?.maybeFrozen, third?.maybeFrozen], [true, false]);
      assert.ok(good.calls.includes('abort') && good.calls.includes('shutdown'));
      await atPeace(all, clock);
    });
  }

  test('freezes after it was given up is told to abort once more', async () => {
    const [clock, all] = [new VirtualClock(), await volumes(1)];
    let freeze = () => {};
    const late = new Witness('late', { freeze: () => new Promise((frozen) => (freeze = frozen)) });
    const error = await failure(
      clock.run(backupSet(all, { participants: [late], clock }, () => {})),
    );
    assert.equal(error.failure.reason.message, 'freeze: no answer in 20.000 s');
    assert.equal(clock.passed, 20_000);
    late.frozen = true;
    freeze();
    await clock.pass(1000);
    assert.deepEqual(late.calls, ['prepare', 'freeze', 'abort', 'shutdown', 'abort']);
    assert.equal(late.frozen, false);
    await atPeace(all, clock);
  });

  test('hangs in real time is given up, too', async () => {
    const all = await volumes(1);
    const bad = { ...new Witness('bad', { freeze: WAYS.hangs }), deadlines: { freeze: 20 } };
    const error = await failure(backupSet(all, { participants: [bad] }, () => {}));
    assert.equal(error.failure.reason.message, 'freeze: no answer in 0.020 s');
    assert.deepEqual(bad.calls, ['prepare', 'freeze', 'abort', 'shutdown']);
    await atPeace(all);
  });

  test('takes longer than it may be frozen is let go', async () => {
    const [clock, all] = [new VirtualClock(), await volumes(1)];
    const hasty = { ...new Witness('hasty'), deadlines: { frozen: 1000 } };
    const slow = new Witness('slow', { freeze: () => clock.sleep(5000) });
    slow.level = 'system';
    const options = { participants: [hasty, slow], required: ['slow'], clock };
    const { report } = await clock.run(backupSet(all, options, () => {}));
    assert.equal(report.outcome, 'crash-consistent');
    assert.deepEqual(report.tookPart, ['slow']);
    assert.equal(report.participants[0]?.leftOut?.kind, 'frozen-too-long');
    assert.deepEqual(hasty.calls, ['prepare', 'freeze', 'abort', 'shutdown']);
    await atPeace(all, clock);
  });

  test('is of a later level is frozen later, and all are thawed at once', async () => {
    const all = await volumes(1);
    const told: string[] = [];
    const of = (name: string, level: Level): Participant => ({
      name,
      level,
      freeze: () => void told.push(name),
      thaw: () => void told.push(`thaw ${name}`),
      abort: () => {},
    });
    const participants = [
      of('disk', 'system'),
      of('shop', 'front-end'),
      of('database', 'back-end'),
    ];
    await backupSet(all, { participants }, () => {});
    assert.deepEqual(told.slice(0, 3), ['shop', 'database', 'disk']);
    assert.equal(told.length, 6);
    await atPeace(all);
  });
});

describe('windows', () => {
  test('all freezes together end in time', async () => {
    const [clock, all] = [new VirtualClock(), await volumes(1)];
    const slow = (name: string, level: Level): Participant => {
      const one = new Witness(name, { freeze: () => clock.sleep(15_000) });
      one.level = level;
      return one;
    };
    const participants = [slow('shop', 'front-end'), slow('database', 'back-end')];
    const work = backupSet(all, { participants, freezeMs: 20_000, clock }, () => {});
    const { failure: why } = await failure(clock.run(work));
    assert.deepEqual([why.author, why.name, why.reason.kind], ['set', undefined, 'freeze-window']);
    await atPeace(all);
  });

  test('a hold that runs out lets writers go, and fails the set', async () => {
    const clock = new VirtualClock();
    const origin = new Bytes(SIZE);
    const good = await Volume.create(memory());
    const hung = await Volume.create({ origin, diff: new Bytes(0) });
    let barriers = 0;
    let comeBack = () => {};
    // The first flushes while writes go on; the second is in the hold.
    origin.barrier = () =>
      ++barriers === 2
        ? (new Promise<void>((done) => (comeBack = done)) as unknown as void)
        : undefined;
    const witness = new Witness('witness');
    const set = await prepareSet({ good, hung }, { participants: [witness], holdMs: 3000, clock });
    const creating = set.create();
    creating.catch(() => {});
    await calm();
    assert.equal(barriers, 2);
    let written = 0;
    const writes = [good, hung].map((volume) =>
      volume.write(0, filled(10, 1)).then(() => written++),
    );
    await calm();
    assert.equal(written, 0, 'writes are held');
    const error = await failure(clock.run(creating));
    assert.deepEqual([error.failure.author, error.failure.name], ['volume', 'hung']);
    assert.equal(error.failure.reason.kind, 'hold-window');
    assert.equal(clock.passed, 3000);
    await Promise.all(writes);
    assert.ok(witness.calls.includes('abort') && !witness.frozen);
    comeBack();
    await calm();
    await atPeace([good, hung], clock);
    // And it keeps nobody from the next set.
    assert.equal(
      (await backupSet({ good, hung }, {}, () => {})).report.outcome,
      'crash-consistent',
    );
  });

  test('a copy that is taken after the set has failed is deleted', async () => {
    const clock = new VirtualClock();
    const diff = new Bytes(0);
    const late = await Volume.create({ origin: new Bytes(SIZE), diff });
    const good = await Volume.create(memory());
    let comeBack = () => {};
    diff.barrier = () => new Promise<void>((done) => (comeBack = done)) as unknown as void;
    const error = await failure(clock.run(backupSet({ good, late }, { clock }, () => {})));
    assert.equal(error.failure.reason.kind, 'hold-window');
    assert.deepEqual(error.report.leftBehind, ['late']);
    assert.deepEqual(good.shadowCopies(), []);
    Reflect.deleteProperty(diff, 'barrier');
    comeBack();
    await calm();
    await atPeace([good, late], clock);
  });
});

describe('a volume that', () => {
  test('refuses is named, with what it has thrown', async () => {
    const all = await volumes(1);
    const origin = new Bytes(SIZE);
    const broken = await Volume.create({ origin, diff: new Bytes(0) });
    origin.barrier = () => {
      throw new Error('the disk is on fire');
    };
    const error = await failure(backupSet({ good: all[0]!, broken }, {}, () => {}));
    assert.deepEqual([error.failure.author, error.failure.name], ['volume', 'broken']);
    assert.deepEqual(
      [error.failure.reason.kind, error.failure.reason.during],
      ['refused', 'flush'],
    );
    assert.ok(error.cause instanceof ShadowvolError && error.cause.kind === 'medium-error');
    assert.match(error.message, /on fire/);
    await atPeace(all);
  });

  test('is closed in the middle fails the set', async () => {
    const all = await volumes(2);
    const closing = new Witness('closing', { freeze: () => all[1]!.close() });
    const error = await failure(backupSet(all, { participants: [closing] }, () => {}));
    assert.deepEqual([error.failure.author, error.failure.name], ['volume', '1']);
    assert.ok(closing.calls.includes('abort'));
    await atPeace(all.slice(0, 1));
  });

  test('was left behind with a copy in the making gets rid of it when it is opened', async () => {
    const media = memory();
    const volume = await Volume.create(media, { chunkSize: 4096 });
    const clock = new VirtualClock();
    const busy = new Witness('busy', { postSnapshot: WAYS.hangs });
    void backupSet({ volume }, { participants: [busy], clock }, () => {}).catch(() => {});
    await calm();
    const node = await Passive.open(media);
    assert.deepEqual(
      (await node.shadowCopies()).map(({ unfinished }) => unfinished),
      [true],
    );
    await assert.rejects(volume.revert(1), kind('unfinished'));
    // The page has died, and this is another one.
    const again = await Volume.open(media);
    assert.deepEqual(again.shadowCopies(), []);
    assert.deepEqual(await node.shadowCopies(), []);
    await again.close();
  });
});

describe('the requester', () => {
  const moments: Call[] = ['prepare', 'freeze', 'thaw', 'postSnapshot'];
  for (const moment of moments) {
    test(`aborts while a participant is in ${moment}`, async () => {
      const [clock, all, stopper] = [new VirtualClock(), await volumes(2), new AbortController()];
      const slow = new Witness('slow', { [moment]: () => clock.sleep(5000) });
      const good = new Witness('good');
      const options = { participants: [slow, good], signal: stopper.signal, clock };
      const work = backupSet(all, options, () => assert.fail('there is a set'));
      work.catch(() => {});
      await calm();
      assert.ok(slow.calls.includes(moment));
      stopper.abort();
      const error = await failure(clock.run(work));
      assert.deepEqual([error.failure.author, error.failure.reason.kind], ['requester', 'aborted']);
      for (const one of [slow, good])
        assert.ok(one.calls.includes('abort') && !one.frozen, one.name);
      await atPeace(all, clock);
    });
  }

  test('aborts before anything has begun, while it waits, or while it reads', async () => {
    const all = await volumes(1);
    const witness = new Witness('witness');
    const before = { participants: [witness], signal: AbortSignal.abort() };
    assert.equal((await failure(backupSet(all, before, () => {}))).failure.author, 'requester');
    assert.equal(witness.calls.length, 0);

    const first = await prepareSet(all);
    const stopper = new AbortController();
    const waiting = prepareSet(all, {
      waitMs: 60_000,
      signal: stopper.signal,
      clock: new VirtualClock(),
    });
    waiting.catch(() => {});
    await calm();
    stopper.abort();
    assert.equal((await failure(waiting)).failure.reason.kind, 'aborted');
    await first.abort();

    const reading = new AbortController();
    const options = { participants: [witness], signal: reading.signal };
    const read = backupSet(all, options, () => reading.abort());
    assert.equal((await failure(read)).failure.phase, 'created');
    assert.ok(witness.calls.includes('abort'));
    await atPeace(all);
  });

  test('throws what it throws, and the participants hear that it came to nothing', async () => {
    const all = await volumes(2);
    const [witness, lost] = [new Witness('witness'), new Error('the network is gone')];
    const work = backupSet(all, { participants: [witness] }, () => Promise.reject(lost));
    await assert.rejects(work, (error) => error === lost);
    assert.deepEqual(witness.calls, [...GOOD.slice(0, 4), 'abort', 'shutdown']);
    await atPeace(all);
  });

  test('goes step by step, and keeps the copies', async () => {
    const [data, log] = (await volumes(2)) as [Volume, Volume];
    const witness = new Witness('witness');
    const prepared = await prepareSet({ data, log }, { participants: [witness], label: 'kept' });
    assert.deepEqual([prepared.report.outcome, witness.calls], [undefined, ['prepare']]);
    await assert.rejects(prepareSet([log]), kind('creation-in-progress'));
    const created = await prepared.create();
    await assert.rejects(prepared.create(), kind('wrong-state'));
    assert.equal(created.report.outcome, 'application-consistent');
    assert.match(created.id, /^[0-9a-f]{32}$/);
    assert.deepEqual(await created.copies.log.read(0, 3), filled(3, 0));
    const report = await created.complete(false);
    assert.deepEqual(witness.calls.slice(-2), ['backupComplete false', 'shutdown']);
    await assert.rejects(created.complete(true), kind('wrong-state'));
    assert.deepEqual(await created.abort(), report);
    for (const volume of [data, log]) {
      assert.deepEqual(
        volume.shadowCopies().map(({ label }) => label),
        ['kept'],
      );
    }
  });

  test('that leaves its block takes everything back', async () => {
    const all = await volumes(1);
    const witness = new Witness('witness');
    {
      await using prepared = await prepareSet(all, { participants: [witness] });
      const created = await prepared.create();
      assert.equal(created.copies[0]?.id, 1);
    }
    assert.deepEqual(witness.calls.slice(-2), ['abort', 'shutdown']);
    await atPeace(all);
    const { value } = await backupSet(
      all,
      { keep: true } satisfies BackupOptions,
      ([copy]) => copy?.id,
    );
    assert.deepEqual(
      all[0]?.shadowCopies().map(({ id }) => id),
      [value],
    );
  });

  test('waits for another set as long as it says', async () => {
    const [clock, all] = [new VirtualClock(), await volumes(2)];
    const first = await prepareSet(all);
    const late = clock.run(prepareSet(all.slice(0, 1), { waitMs: 5000, clock }));
    await assert.rejects(late, kind('creation-in-progress'));
    assert.equal(clock.passed, 5000);
    const next = backupSet(all.slice(1), { waitMs: 5000, clock: new VirtualClock() }, () => 'next');
    await calm();
    const created = await first.create();
    assert.equal((await next).value, 'next');
    await created.abort();
    await atPeace(all, clock);
  });

  test('wants application consistency or nothing', async () => {
    const all = await volumes(1);
    const none = await failure(backupSet(all, { applicationConsistent: true }, () => {}));
    assert.deepEqual([none.failure.author, none.failure.reason.kind], ['set', 'no-participant']);
    assert.equal(none.failure.retryable, false);
    const participants = [new Witness('bad', { freeze: WAYS.throws }), new Witness('good')];
    const options = { participants, required: [], applicationConsistent: true };
    assert.equal((await failure(backupSet(all, options, () => {}))).failure.name, 'bad');
    await atPeace(all);
  });

  test('is told what makes no sense', async () => {
    const [one, other] = (await volumes(2)) as [Volume, Volume];
    const refused = (work: Promise<unknown>, of: ErrorKind) => assert.rejects(work, kind(of));
    const participants = [new Witness('a')];
    await refused(prepareSet({ one, same: one }), 'duplicate-volume');
    await refused(prepareSet([one], { participants, required: ['b'] }), 'bad-argument');
    await refused(
      prepareSet([one], { participants: [...participants, new Witness('a')] }),
      'bad-argument',
    );
    await refused(prepareSet([one], { holdMs: -1 }), 'bad-argument');
    await refused(prepareSet([one], { waitMs: 0.5 }), 'bad-argument');
    const mute = { name: 'mute' } as unknown as Participant;
    await refused(prepareSet([one], { participants: [mute] }), 'bad-argument');
    const lost = { ...new Witness('lost'), level: 'middle' as Level };
    await refused(prepareSet([one], { participants: [lost] }), 'bad-argument');
    const hasty: Participant = { name: 'hasty', abort: () => {}, deadlines: { thaw: Number.NaN } };
    await refused(prepareSet([one], { participants: [hasty] }), 'bad-argument');
    const many = await volumes(65);
    await refused(prepareSet(many), 'too-many-volumes');
    assert.equal((await backupSet(many.slice(1), {}, (copies) => copies.length)).value, 64);
    await other.close();
    await refused(prepareSet([one, other]), 'closed');
    await atPeace([one]);
  });
});
