/** Byte order of elements whose numbers differ in size, or of which only some are swapped: structs. */

import type { NumberRun } from "../metadata/data_type.js";
import { copyStrided } from "../wasm/copy_strided.js";
import type { Memory, Span } from "../wasm/memory.js";
import { swap } from "./swap.js";

/** Swaps some numbers of every element: each run of them is gathered, swapped and put back. */
export function swapRuns(memory: Memory, src: Span, itemSize: number, runs: readonly NumberRun[]): Span {
  const count = src.byteLength / itemSize;
  const dst = memory.allocate(src.byteLength);
  memory.bytes.copyWithin(dst.pointer, src.pointer, src.pointer + src.byteLength);
  for (const { offset, size, count: numbers } of runs) {
    const width = size * numbers;
    memory.scope(() => {
      const packed = memory.allocate(count * width);
      copyStrided(memory, packed, 0, src, offset, width, [{ count, dstStride: width, srcStride: itemSize }]);
      swap(memory, packed, packed, size);
      copyStrided(memory, dst, offset, packed, 0, width, [{ count, dstStride: itemSize, srcStride: width }]);
    });
  }
  return dst;
}
