/** Hands an n-dimensional copy inside linear memory to the kernel. */

import { RuntimeError } from "../errors.js";
import type { Memory, Span } from "./memory.js";

/** One axis of a strided copy, slowest first. Strides in bytes. */
export interface CopyAxis {
  readonly count: number;
  readonly dstStride: number;
  readonly srcStride: number;
}

/** Copies a box of elements of `itemSize` bytes from `src` to `dst`. Offsets in bytes from each span's start. */
export function copyStrided(
  memory: Memory,
  dst: Span,
  dstOffset: number,
  src: Span,
  srcOffset: number,
  itemSize: number,
  axes: readonly CopyAxis[],
): void {
  const layout = memory.allocate(axes.length * 12);
  const words = new Int32Array(memory.bytes.buffer, layout.pointer, axes.length * 3);
  let word = 0;
  for (const axis of axes) {
    words[word++] = axis.count;
    words[word++] = axis.dstStride;
    words[word++] = axis.srcStride;
  }
  const { pointer: d, byteLength: dLength } = dst;
  const { pointer: s, byteLength: sLength } = src;
  const copied = memory.kernels.copyStrided(
    d,
    dLength,
    dstOffset,
    s,
    sLength,
    srcOffset,
    itemSize,
    axes.length,
    layout.pointer,
  );
  if (copied < 0) throw new RuntimeError("KERNEL_TRAP", "strided copy reaches outside of its buffers");
}
