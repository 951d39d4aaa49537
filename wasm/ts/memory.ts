/**
 * @internal Copies between buffers of JavaScript's and the engine's memory. The engine calls them; they
 * keep one view of its memory, because to make one for each copy takes longer than to copy 4 KiB.
 */
let memory: WebAssembly.Memory | undefined;
let view = new Uint8Array();

/** The engine was loaded, and this is its memory. */
export function attach(loaded: WebAssembly.Memory): void {
  memory = loaded;
  view = new Uint8Array(loaded.buffer);
}

/** All of the memory. A view of it becomes empty when it grows. */
function all(): Uint8Array {
  if (view.length === 0 && memory) attach(memory);
  return view;
}

/** Copies a part of `from` into the engine's memory. */
export function pull(from: Uint8Array, start: number, length: number, address: number): void {
  all().set(length === from.length ? from : from.subarray(start, start + length), address);
}

/** Copies bytes of the engine's memory into `into`. */
export function push(into: Uint8Array, start: number, length: number, address: number): void {
  into.set(all().subarray(address, address + length), start);
}
