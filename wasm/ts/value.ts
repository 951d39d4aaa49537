/** @internal What requests come to, as objects. The engine calls these. */
import type { Extent } from './copy.js';
import type { VolumeEvent } from './volume.js';

/** What the engine tells of a copy. */
export interface RawInfo {
  id: number;
  label: string;
  /** Nanoseconds since 1970. */
  time: bigint;
  unfinished: boolean;
}

export function copy(id: number, label: string, time: bigint, unfinished: boolean): RawInfo {
  return { id, label, time, unfinished };
}

export function extent(offset: number, length: number): Extent {
  return { offset, length };
}

export function lowSpace(free: number, limit: number): VolumeEvent {
  return { kind: 'low-space', free, limit };
}

export function copiesDropped(copies: readonly number[]): VolumeEvent {
  return { kind: 'copies-dropped', copies };
}
