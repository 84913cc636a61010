/** Reverses the bytes of numbers of one size. */

import type { Memory, Span } from "../wasm/memory.js";

const kernelOf = { 2: "byteswap2", 4: "byteswap4", 8: "byteswap8", 16: "byteswap16" } as const;

function isSwapSize(size: number): size is keyof typeof kernelOf {
  return size in kernelOf;
}

/** Reverses each `size` bytes of `src`; `dst` may be `src`. */
export function swap(memory: Memory, dst: Span, src: Span, size: number): void {
  if (!isSwapSize(size)) throw new RangeError(`no number has ${size} bytes`);
  memory.kernels[kernelOf[size]](dst.pointer, dst.byteLength, src.pointer, src.byteLength);
}
