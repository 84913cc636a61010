/** Hands an n-dimensional copy inside linear memory to the kernel. */

import { RuntimeError } from "../errors.js";
import { bulkKernels } from "./bulk_kernels.js";
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
  copyByLayout(memory, dst, dstOffset, src, srcOffset, itemSize, writeCopyLayout(memory, axes));
}

const wordsPerAxis = 3;

/** Puts `axes` where the kernel reads them, for one copy or for many. */
export function writeCopyLayout(memory: Memory, axes: readonly CopyAxis[]): Span {
  const layout = memory.allocate(axes.length * wordsPerAxis * 4);
  const words = new Int32Array(memory.bytes.buffer, layout.pointer, axes.length * wordsPerAxis);
  let word = 0;
  for (const axis of axes) {
    words[word++] = axis.count;
    words[word++] = axis.dstStride;
    words[word++] = axis.srcStride;
  }
  return layout;
}

/** As {@link copyStrided}, by axes that {@link writeCopyLayout} has written. */
export function copyByLayout(
  memory: Memory,
  dst: Span,
  dstOffset: number,
  src: Span,
  srcOffset: number,
  itemSize: number,
  layout: Span,
): void {
  const { pointer: d, byteLength: dLength } = dst;
  const { pointer: s, byteLength: sLength } = src;
  const copied = memory
    .kernelsOf(bulkKernels)
    .copyStrided(
      d,
      dLength,
      dstOffset,
      s,
      sLength,
      srcOffset,
      itemSize,
      layout.byteLength / (wordsPerAxis * 4),
      layout.pointer,
    );
  if (copied < 0) throw new RuntimeError("KERNEL_TRAP", "strided copy reaches outside of its buffers");
}
