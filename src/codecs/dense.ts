/**
 * Dense inner chains: inner chunks of fixed size whose codecs the shard kernels know, so that one call takes a whole shard.
 */

import type { BoundChain } from "./codec.js";
import { byteStrides } from "./codec.js";

/** What a step does, for kernels that do several steps at once. */
export type KernelStep =
  | { readonly kind: "swap"; readonly swapSize: number }
  /** `shape` is that of its decoded side; `strides` are bytes from one element to the next on its encoded side, per axis of the decoded one. */
  | { readonly kind: "transpose"; readonly shape: readonly number[]; readonly strides: readonly number[] }
  | { readonly kind: "crc32c" };

/** How an inner chunk lies in its slot. */
export interface DenseSlot {
  /** Bytes that change order together; 1 = none. */
  readonly swapSize: number;
  readonly checksum: boolean;
  /** Bytes from one element to the next, per axis of the decoded inner chunk. */
  readonly strides: readonly number[];
  readonly byteLength: number;
  /** One element. */
  readonly fillValue: Uint8Array;
}

/** The slot of a chain of at most one transpose, one swap and one crc32c, in that order; `undefined` for any other chain. */
export function denseSlot({ shard, spec, byteSteps, encodedSize }: BoundChain): DenseSlot | undefined {
  const { fillValue } = spec;
  if (shard !== undefined || encodedSize.kind !== "fixed" || Array.isArray(fillValue)) return undefined;
  let strides: readonly number[] = byteStrides(spec.shape, spec.dataType.itemSize);
  let swapSize = 1;
  let checksum = false;
  let stage = 0;
  for (const step of byteSteps) {
    const kernel = step.place === "wasm" ? step.kernel : undefined;
    if (kernel === undefined) return undefined;
    const order = ["transpose", "swap", "crc32c"].indexOf(kernel.kind) + 1;
    if (order <= stage) return undefined;
    stage = order;
    if (kernel.kind === "transpose") {
      // A transpose of axes of length 1 before it moves no bytes and is no step, but its axes are not the chunk's.
      if (kernel.shape.some((length, axis) => length !== spec.shape[axis])) return undefined;
      strides = kernel.strides;
    } else if (kernel.kind === "swap") swapSize = kernel.swapSize;
    else checksum = true;
  }
  return { swapSize, checksum, strides, byteLength: encodedSize.bytes, fillValue };
}
