// One side of `make bench-wasm`: does what it is told on a volume in memory, and says how long it took.
// A line of input is a workload's name, bytes of a request, and how many; a line of output nanoseconds
// that the process has computed.
import { createInterface } from 'node:readline';

import { Memory, Volume } from '../dist/index.js';

const SIZE = 64 << 20;

const workloads = {
  async rewrite(volume, data, count) {
    for (let nth = 0; nth < count; nth++) await volume.write(at(nth, data.length), data);
  },
  async first(volume, data, count) {
    await volume.createShadowCopy();
    const begun = process.cpuUsage();
    for (let nth = 0; nth < count; nth++) await volume.write(at(nth, data.length), data);
    const took = process.cpuUsage(begun);
    await volume.deleteShadowCopy(volume.shadowCopies()[0].id);
    return took;
  },
  async read(volume, data, count) {
    for (let nth = 0; nth < count; nth++) await volume.readInto(at(nth, data.length), data);
  },
  async 'read-copy'(volume, data, count) {
    const { id } = await volume.createShadowCopy();
    const copy = await (await volume.reader()).shadowCopy(id);
    const begun = process.cpuUsage();
    for (let nth = 0; nth < count; nth++) await copy.readInto(at(nth, data.length), data);
    const took = process.cpuUsage(begun);
    await volume.deleteShadowCopy(id);
    return took;
  },
};

/** Each place once, in an order that no cache foresees. */
function at(nth, length) {
  return ((nth * 7919) % (SIZE / length)) * length;
}

const volume = await Volume.create({ origin: new Memory(SIZE), diff: new Memory() });
await volume.write(0, new Uint8Array(SIZE).fill(1));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, bytes, count] = line.split(' ');
  const data = new Uint8Array(Number(bytes)).fill(2);
  const begun = process.cpuUsage();
  const took = await workloads[name](volume, data, Number(count));
  const { user, system } = took ?? process.cpuUsage(begun);
  console.log(String((user + system) * 1000));
}
