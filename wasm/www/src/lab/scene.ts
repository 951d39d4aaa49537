/**
 * What is drawn of a world: a picture, as arrays that go from the worker to the page without being
 * copied, and that 4,096 chunks do not make slow.
 */
import type { Picture } from 'shadowvol/sim';

/** A unit whose bytes are not those of any value. */
export const TORN = -1;

/** What a slot is in use for; a number of {@link Scene.slots}. */
export const SLOT = {
  free: 0,
  superblock: 1,
  journal: 2,
  taken: 3,
  preserved: 4,
  stale: 5,
} as const;

export interface Scene {
  /** What the volume holds, unit by unit. */
  readonly units: Int16Array;
  /** What each slot is in use for. */
  readonly slots: Uint8Array;
  /** The chunk and the copy whose old bytes a slot holds, and its two units. */
  readonly slotChunk: Int32Array;
  readonly slotCopy: Int32Array;
  readonly slotUnits: Int16Array;
  readonly copies: readonly SceneCopy[];
  readonly lines: Picture['lines'];
  readonly records: number;
  readonly generation: Picture['generation'];
  readonly nodes: Picture['nodes'];
  readonly loose: Picture['loose'];
}

export interface SceneCopy {
  readonly id: number;
  readonly certain: boolean;
  /** What it holds in truth. */
  readonly truth: Int16Array;
  /** Chunks with a record that answers for it. */
  readonly preserved: Uint8Array;
}

/** Records that are shown. */
const MOST_LINES = 60;

/** A picture as arrays; of a large world no more than what a map shows. */
export function sceneOf(picture: Picture, whole = true): Scene {
  const { slots } = picture;
  const kinds = new Uint8Array(slots.length);
  const chunks = new Int32Array(slots.length);
  const copies = new Int32Array(slots.length);
  const units = new Int16Array(slots.length * 2);
  slots.forEach((slot, nth) => {
    if (slot.is !== 'preserved') {
      kinds[nth] = SLOT[slot.is];
      return;
    }
    kinds[nth] = slot.stale ? SLOT.stale : SLOT.preserved;
    chunks[nth] = slot.chunk;
    copies[nth] = slot.copy;
    units[nth * 2] = slot.units[0] ?? TORN;
    units[nth * 2 + 1] = slot.units[1] ?? TORN;
  });
  return {
    units: values(picture.units),
    slots: kinds,
    slotChunk: chunks,
    slotCopy: copies,
    slotUnits: units,
    copies: picture.copies.map(({ id, certain, truth, preserved }) => ({
      id,
      certain,
      truth: values(whole ? truth : []),
      preserved: Uint8Array.from(whole ? preserved : [], Number),
    })),
    lines: whole ? picture.lines.slice(-MOST_LINES) : [],
    records: picture.records,
    generation: picture.generation,
    nodes: picture.nodes,
    loose: picture.loose,
  };
}

function values(found: readonly (number | null)[]): Int16Array {
  return Int16Array.from(found, (value) => value ?? TORN);
}

/** A value as people read it: `A` is what every unit holds at first. */
export function letter(value: number | null | undefined): string {
  if (value === undefined || value === null || value === TORN) return '?';
  if (value === 0) return '0';
  return value <= 26 ? String.fromCharCode(64 + value) : String(value);
}
