/** The types as people meet them. They are checked when the tests are compiled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectTypeOf } from 'expect-type';
import {
  type CreateOptions,
  type ErrorKind,
  type Extent,
  type Http,
  type Media,
  type Medium,
  type Memory,
  type OpfsFile,
  type OpfsMedium,
  Passive,
  type ReadableMedium,
  type ShadowCopy,
  type ShadowCopyInfo,
  ShadowvolError,
  Volume,
  type VolumeEvent,
} from 'shadowvol';
import type { Action, Order, Report, SimEvent, Simulation } from 'shadowvol/sim';

test('types', () => {
  expectTypeOf(Volume.create).parameters.toEqualTypeOf<[media: Media, options?: CreateOptions]>();
  expectTypeOf(Volume.open).returns.resolves.toEqualTypeOf<Volume>();
  expectTypeOf<Volume['read']>().returns.resolves.toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf<Volume['write']>().parameter(1).toEqualTypeOf<Uint8Array>();
  expectTypeOf<Volume['createShadowCopy']>().returns.resolves.toEqualTypeOf<ShadowCopyInfo>();
  expectTypeOf<Volume['shadowCopies']>().returns.toEqualTypeOf<ShadowCopyInfo[]>();
  expectTypeOf<Volume['changes']>().returns.toEqualTypeOf<Extent[]>();
  expectTypeOf<Passive['newest']>().returns.resolves.toEqualTypeOf<ShadowCopy | undefined>();
  expectTypeOf<Passive>().not.toHaveProperty('write');
  expectTypeOf<ShadowCopy>().not.toHaveProperty('write');
  expectTypeOf<ShadowCopy>().toExtend<ShadowCopyInfo>();
  expectTypeOf(new Uint8Array()).toExtend<Parameters<Volume['readInto']>[1]>();

  // A passive node's media need not be writable; an active one's must.
  expectTypeOf(Passive.open).parameter(0).toEqualTypeOf<Media<ReadableMedium>>();
  expectTypeOf<Http>().toExtend<ReadableMedium>();
  expectTypeOf<Http>().not.toExtend<Medium>();
  expectTypeOf<OpfsFile>().not.toExtend<Medium>();
  expectTypeOf<OpfsMedium>().toExtend<Medium>();
  expectTypeOf<{ origin: Http; diff: Http }>().not.toExtend<Media>();
  expectTypeOf<{ origin: Memory; diff: OpfsMedium }>().toExtend<Media>();

  expectTypeOf<ShadowvolError['kind']>().toEqualTypeOf<ErrorKind>();
  expectTypeOf<'gone'>().toExtend<ErrorKind>();
  expectTypeOf<'no such kind'>().not.toExtend<ErrorKind>();
  expectTypeOf<Extract<VolumeEvent, { kind: 'copies-dropped' }>['copies']>().toEqualTypeOf<
    readonly number[]
  >();

  expectTypeOf<Simulation['choices']>().returns.toEqualTypeOf<SimEvent[]>();
  expectTypeOf<SimEvent['action']>().toEqualTypeOf<Action | null>();
  expectTypeOf<{ write: { units: { start: 0; end: 2 }; value: 3 } }>().toExtend<Order>();
  expectTypeOf<{ write: { value: 3 } }>().not.toExtend<Order>();
  expectTypeOf<Report['damage']>().toBeNullable();
  assert.ok(new ShadowvolError('gone', 'it is gone') instanceof Error);
});
