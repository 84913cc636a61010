/** Chunks in the caller's memory with their axes in any order, gaps, and bytes before and after. */

import type { Chunk, NumericDataTypeName } from "../../src/index.js";
import type { FixedDataType } from "../../src/metadata/data_type.js";
import { product } from "./plain_array.js";
import type { Random } from "./random.js";

export interface StridedChunk {
  readonly chunk: Chunk<NumericDataTypeName>;
  /** All the memory, with what lies around and between the elements. */
  readonly memory: Uint8Array;
  /** Byte offsets in `memory` of the elements in C order. */
  readonly positions: readonly number[];
}

/** `mayOverlap` allows strides of zero, which repeat elements: for sources only. */
export function stridedChunk(
  random: Random,
  dataType: FixedDataType,
  shape: readonly number[],
  mayOverlap: boolean,
): StridedChunk {
  const { itemSize } = dataType;
  const stride = shape.map(() => 0);
  let extent = random.integer(1, 3);
  for (const axis of random.shuffled(shape.map((_, axis) => axis))) {
    if (mayOverlap && random.chance(0.1)) continue;
    stride[axis] = extent;
    extent = extent * Math.max(1, shape[axis]!) + random.integer(0, 1);
  }
  const lead = random.integer(0, 2) * itemSize;
  const memory = new Uint8Array(lead + (extent + random.integer(0, 1)) * itemSize).fill(0xa5);
  const positions = Array.from({ length: product(shape) }, (_, number) => {
    let position = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += (number % shape[axis]!) * stride[axis]!;
      number = Math.floor(number / shape[axis]!);
    }
    return lead + position * itemSize;
  });
  const data = dataType.view(memory.buffer, lead, (memory.byteLength - lead) / itemSize);
  return { chunk: { data, shape: [...shape], stride } as Chunk<NumericDataTypeName>, memory, positions };
}

/** Puts contiguous elements into the chunk. */
export function scatter({ memory, positions }: StridedChunk, elements: Uint8Array, itemSize: number): void {
  positions.forEach((position, i) => {
    memory.set(elements.subarray(i * itemSize, (i + 1) * itemSize), position);
  });
}

/** The chunk's elements in C order. */
export function gather({ memory, positions }: StridedChunk, itemSize: number): Uint8Array {
  const elements = new Uint8Array(positions.length * itemSize);
  positions.forEach((position, i) => {
    elements.set(memory.subarray(position, position + itemSize), i * itemSize);
  });
  return elements;
}
