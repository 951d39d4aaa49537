/** The worker of `opfs.ts`: a volume on the private file system against a plain handle, in turn. */
import { OpfsMedium, type ShadowCopy, Volume } from 'shadowvol';

export interface Row {
  readonly what: string;
  readonly bytes: number;
  /** Nanoseconds of a request, of the round whose ratio is the middle one. */
  readonly plain: number;
  readonly ours: number;
}

const SIZE = 64 << 20;
const ROUNDS = 7;

interface Plain {
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** What is done so many times, at one place after the other. */
type Request = (at: number, data: Uint8Array) => unknown;

async function run(request: Request, end: () => unknown, bytes: number, count: number) {
  const data = new Uint8Array(bytes).fill(2);
  const begun = performance.now();
  for (let nth = 0; nth < count; nth++) {
    const done = request(((nth * 7919) % (SIZE / bytes)) * bytes, data);
    if (done instanceof Promise) await done;
  }
  await end();
  return ((performance.now() - begun) * 1e6) / count;
}

async function contest(): Promise<Row[]> {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle('plain', { create: true });
  const plain = await (
    file as unknown as { createSyncAccessHandle(): Promise<Plain> }
  ).createSyncAccessHandle();
  plain.truncate(SIZE);
  const origin = await OpfsMedium.open(root, 'disk.img', { size: SIZE });
  const diff = await OpfsMedium.open(root, 'disk.img.diff', { size: 0 });
  const volume = await Volume.create({ origin, diff });
  for (let at = 0; at < SIZE; at += 1 << 20) {
    const data = new Uint8Array(1 << 20).fill(1);
    plain.write(data, { at });
    await volume.write(at, data);
  }
  const rows: Row[] = [];
  for (const what of ['write again', 'first overwrite', 'read', 'read a copy']) {
    for (const bytes of [4096, 65_536, 1 << 20]) {
      const count = Math.min(512, SIZE / bytes);
      const rounds: { plain: number; ours: number }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const taken = what === 'first overwrite' || what === 'read a copy';
        const id = taken ? (await volume.createShadowCopy()).id : 0;
        const copy = taken ? await (await volume.reader()).shadowCopy(id) : undefined;
        rounds.push({
          plain: await run(ofPlain(what, plain), () => plain.flush(), bytes, count),
          ours: await run(ofOurs(what, volume, copy), () => volume.flush(), bytes, count),
        });
        if (taken) await volume.deleteShadowCopy(id);
      }
      // The first round warms up.
      const sorted = rounds.slice(1).sort((a, b) => a.plain / a.ours - b.plain / b.ours);
      const { plain: one = 0, ours = 0 } = sorted[sorted.length >> 1] ?? {};
      rows.push({ what, bytes, plain: one, ours });
    }
  }
  await volume.close();
  for (const open of [plain, origin, diff]) open.close();
  return rows;
}

function ofPlain(what: string, plain: Plain): Request {
  if (what.startsWith('read')) return (at, data) => plain.read(data, { at });
  if (what === 'write again') return (at, data) => plain.write(data, { at });
  // A first overwrite has a barrier of its own.
  return (at, data) => {
    plain.write(data, { at });
    plain.flush();
  };
}

function ofOurs(what: string, volume: Volume, copy: ShadowCopy | undefined): Request {
  if (copy && what === 'read a copy') return (at, data) => copy.readInto(at, data);
  if (what === 'read') return (at, data) => volume.readInto(at, data);
  return (at, data) => volume.write(at, data);
}

void contest().then(postMessage, (error: unknown) => postMessage(String(error)));
