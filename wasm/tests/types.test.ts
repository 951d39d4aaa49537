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
import type { FileEntry, Files, FilesSource } from 'shadowvol/files';
import {
  backupSet,
  type Call,
  type CreatedSet,
  type Participant,
  type PreparedSet,
  prepareSet,
  type Reason,
  type SetFailed,
} from 'shadowvol/sets';
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

  expectTypeOf<ShadowCopy['files']>().returns.resolves.toEqualTypeOf<Files>();
  expectTypeOf<ShadowCopy>().toExtend<FilesSource>();
  expectTypeOf<Files['list']>().returns.resolves.toEqualTypeOf<FileEntry[]>();
  expectTypeOf<Files['read']>().returns.resolves.toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf<Files>().not.toHaveProperty('write');

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

  // The copies are where the volumes were, and the steps have an order.
  type Two = { data: Volume; log: Volume };
  expectTypeOf(prepareSet<Two>).returns.resolves.toEqualTypeOf<PreparedSet<Two>>();
  expectTypeOf<PreparedSet<Two>['create']>().returns.resolves.toEqualTypeOf<CreatedSet<Two>>();
  expectTypeOf<PreparedSet<Two>>().not.toHaveProperty('complete');
  expectTypeOf<CreatedSet<Two>>().not.toHaveProperty('create');
  expectTypeOf<CreatedSet<Two>['copies']>().toEqualTypeOf<{
    readonly data: ShadowCopy;
    readonly log: ShadowCopy;
  }>();
  expectTypeOf<CreatedSet<readonly [Volume, Volume]>['copies']>().toEqualTypeOf<
    readonly [ShadowCopy, ShadowCopy]
  >();
  const count = (one: Volume) => backupSet([one], {}, ([copy]) => copy.size);
  expectTypeOf(count).returns.resolves.toHaveProperty('value').toEqualTypeOf<number>();
  expectTypeOf<{ name: string; abort(): Promise<void> }>().toExtend<Participant>();
  expectTypeOf<{ name: string; freeze(): void }>().not.toExtend<Participant>();
  expectTypeOf<SetFailed>().toExtend<ShadowvolError>();
  const narrowed = ({ failure }: SetFailed, reason: Reason) => {
    if (failure.author === 'participant') expectTypeOf(failure.name).toEqualTypeOf<string>();
    else if (failure.author === 'set') expectTypeOf(failure.name).toEqualTypeOf<undefined>();
    if (reason.kind === 'vetoed') expectTypeOf(reason.during).toEqualTypeOf<Call>();
  };
  expectTypeOf(narrowed).toBeFunction();

  expectTypeOf<Simulation['choices']>().returns.toEqualTypeOf<SimEvent[]>();
  expectTypeOf<SimEvent['action']>().toEqualTypeOf<Action | null>();
  expectTypeOf<{ write: { units: { start: 0; end: 2 }; value: 3 } }>().toExtend<Order>();
  expectTypeOf<{ write: { value: 3 } }>().not.toExtend<Order>();
  expectTypeOf<Report['damage']>().toBeNullable();
  assert.ok(new ShadowvolError('gone', 'it is gone') instanceof Error);
});
