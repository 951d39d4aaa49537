/** The simulator as a page uses it: orders, steps, pictures, going back, and the explorer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exploration, rules, Simulation, ShadowvolError, worlds } from 'shadowvol/sim';

const HAND = { actives: [[[], []]], passives: [[[]]] };
const FIRST = { start: 0, end: 2 };

test('orders are done step by step, and pictures and words tell them', async () => {
  using world = await Simulation.create(HAND);
  assert.deepEqual(world.picture().units, [1, 1, 1, 1]);
  world.give(0, 0, 'create');
  world.play(3);
  world.give(0, 0, { write: { units: FIRST, value: 2 } });
  world.give(1, 0, { read: { copy: 1, units: FIRST } });
  assert.ok(!world.over);
  for (let nth = 0; !world.over; nth++) {
    const choices = world.choices();
    const { action, lane, text, node } = choices[nth % choices.length] ?? assert.fail('stuck');
    assert.ok(action && lane && text && node);
    world.act(action);
  }
  assert.equal(world.broken, undefined);
  const [answer, ...rest] = world.answers();
  assert.deepEqual([answer?.found, answer?.error, rest], [[1, 1], null, []]);
  const picture = world.picture();
  assert.deepEqual(picture.units, [2, 2, 1, 1]);
  assert.deepEqual(picture.copies, [
    { id: 1, truth: [1, 1, 1, 1], certain: true, preserved: [true, false] },
  ]);
  assert.deepEqual(
    picture.slots.filter((slot) => slot.is === 'preserved'),
    [{ is: 'preserved', chunk: 0, copy: 1, units: [1, 1], stale: false }],
  );
  assert.equal(picture.lines[0]?.text, 'copy 1 created');
  assert.deepEqual(
    picture.nodes.map(({ name }) => name),
    ['active 0', 'passive 0'],
  );
  const steps = new Set(world.events().map(({ step }) => step));
  for (const step of ['W1', 'W2', 'W3', 'W4', 'R1', 'R3', 'R4']) assert.ok(steps.has(step), step);
  assert.ok(
    world.events().some(({ place }) => place?.origin && place.writes && place.bytes === 2048),
  );

  const end = world.at;
  world.seek(0);
  assert.deepEqual([world.at, world.length, world.picture().copies], [0, end, []]);
  world.seek(end);
  assert.deepEqual(world.picture(), picture);
  assert.deepEqual(
    world.events(end - 1).map(({ move }) => move),
    world.events(end - 1).map(() => end),
  );

  const again = await Simulation.create(HAND);
  for (const move of world.moves()) again.make(move);
  assert.deepEqual(again.picture(), picture);
  again.close();
});

test('a seed plays the same again', async () => {
  const play = async (seed: number) => {
    const world = await Simulation.create(HAND);
    world.give(0, 0, 'create');
    for (let value = 2; value < 6; value++) {
      world.give(0, 0, { write: { units: FIRST, value } });
      world.give(0, 1, { write: { units: { start: 1, end: 4 }, value } });
      world.give(1, 0, { read: { copy: 1, units: { start: 0, end: 4 } } });
    }
    world.play(seed);
    return world.events();
  };
  assert.deepEqual(await play(5), await play(5));
  assert.notDeepEqual(await play(5), await play(6));
});

test('the explorer finds damage for a broken rule, which can be played, and none without', async () => {
  for (const rule of ['ConfirmAbsence', 'CommitBeforeOverwrite', 'CheckAlive'] as const) {
    const { world } = (await rules()).find((of) => of.rule === rule) ?? assert.fail('no such rule');
    const scenario = { world, without: [rule] };
    using exploration = await Exploration.begin(scenario);
    let slices = 0;
    while (!exploration.visit(100)) slices++;
    const { damage, complete } = exploration.report();
    assert.ok(damage && complete && exploration.states > slices * 10);
    const played = await Simulation.create(scenario);
    played.follow(damage.events);
    assert.equal(played.broken, damage.damage);
    assert.equal(played.picture().broken, damage.damage);
    assert.deepEqual(
      played.events().map(({ text }) => text),
      damage.events.map(({ text }) => text),
    );
    assert.throws(() => played.act({ Step: { node: 0, thread: 0 } }), nonsense);
    played.seek(played.at - 1);
    assert.equal(played.broken, undefined);

    const whole = await Exploration.begin({ world });
    while (!whole.visit(10_000));
    assert.deepEqual([whole.report().damage, whole.report().complete], [null, true]);
    whole.close();
  }
});

test('an exploration stops at its limit and proves nothing then', async () => {
  const exploration = await Exploration.begin(
    { world: 'create' },
    { states: 50, first: 'deepest' },
  );
  while (!exploration.visit(10));
  assert.equal(exploration.report().complete, false);
});

test('nodes join and die, and the power fails', async () => {
  const world = await Simulation.create({ ...HAND, mishaps: { cuts: 1, kills: 1 } });
  world.give(0, 0, 'create');
  world.play(1);
  world.join();
  assert.equal(world.picture().nodes.length, 3);
  world.give(2, 0, { read: { copy: 1, units: FIRST } });
  world.act({ Kill: { node: 0 } });
  world.play(1);
  world.act({ Cut: { keep: 0 } });
  world.play(1);
  assert.deepEqual([world.broken, world.over], [undefined, true]);
});

test('nonsense is refused with a reason', async () => {
  assert.ok((await worlds()).some(({ name }) => name === 'overwrite'));
  await assert.rejects(Simulation.create({ world: 'no such' }), nonsense);
  await assert.rejects(Simulation.create({ units: -1 }), nonsense);
  await assert.rejects(Simulation.create({ slots: 1 }), nonsense);
  await assert.rejects(Simulation.create({ before: [{ revert: 9 }] }), nonsense);
  await assert.rejects(Exploration.begin({ without: ['Everything' as 'CheckAlive'] }), nonsense);
  await assert.rejects(Simulation.create({ whatever: 1 } as object), nonsense);
  const world = await Simulation.create(HAND);
  assert.throws(() => world.give(7, 0, 'create'), nonsense);
  assert.throws(() => world.give(1, 0, 'create'), nonsense);
  assert.throws(() => world.make({ act: 'fly' } as never), nonsense);
  assert.equal(world.at, 0);
});

function nonsense(error: unknown): boolean {
  return error instanceof ShadowvolError && error.kind === 'nonsense' && error.message.length > 10;
}
