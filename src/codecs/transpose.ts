/**
 * `transpose`: permutes the axes of a chunk. Encoded axis `i` is decoded axis `order[i]`.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/transpose/index.html
 */

import { at, expectArray, expectInteger, invalid, rejectUnknownFields } from "../metadata/validate.js";
import { type CopyAxis, copyStrided } from "../wasm/copy_strided.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ArrayToArrayCodec, byteStrides, elementCount } from "./codec.js";

/** Elements of variable size, moved one by one. */
function permuted(src: readonly unknown[], axes: readonly CopyAxis[]): unknown[] {
  const dst = new Array<unknown>(src.length);
  const walk = (axis: number, d: number, s: number): void => {
    const each = axes[axis];
    if (each === undefined) dst[d] = src[s];
    else for (let i = 0; i < each.count; i++) walk(axis + 1, d + i * each.dstStride, s + i * each.srcStride);
  };
  walk(0, 0, 0);
  return dst;
}

export const transposeCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name: "transpose",
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["order"], where);
    const list = expectArray(configuration.get("order"), at(where, "order"));
    const order = list.map((value, i) => expectInteger(value, { minimum: 0, maximum: 31 }, at(at(where, "order"), i)));
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
      throw invalid(at(where, "order"), `a permutation of 0 to ${order.length - 1}`, list);
    }
    return {
      bind(spec) {
        const { shape, dataType } = spec;
        if (shape.length !== order.length) {
          throw invalid(at(where, "order"), `${shape.length} axes`, list);
        }
        const { itemSize } = dataType;
        const encodedShape = order.map((axis) => shape[axis]!);
        const encoded = { ...spec, shape: encodedShape };
        const size = { kind: "fixed", bytes: elementCount(shape) * itemSize } as const;
        const base = { name: "transpose", decodedSize: size, encodedSize: size };
        const moved = order.filter((axis) => shape[axis] !== 1);
        if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) {
          return { encoded, codec: { ...base, place: "identity" } };
        }
        const decodedStrides = byteStrides(shape, itemSize);
        const encodedStrides = byteStrides(encodedShape, itemSize);
        const encodeAxes: CopyAxis[] = order.map((axis, i) => ({
          count: encodedShape[i]!,
          dstStride: encodedStrides[i]!,
          srcStride: decodedStrides[axis]!,
        }));
        // Decoding walks the decoded array in C order, so that writes are sequential.
        const decodeAxes: CopyAxis[] = shape.map((count, axis) => ({
          count,
          dstStride: decodedStrides[axis]!,
          srcStride: encodedStrides[order.indexOf(axis)]!,
        }));
        if (dataType.variable) {
          const codec = {
            ...base,
            place: "elements",
            encode: (decoded: unknown[]) => permuted(decoded, encodeAxes),
            decode: (stored: unknown[]) => permuted(stored, decodeAxes),
          } as const;
          return { encoded, codec };
        }
        const permute = (memory: Memory, src: Span, axes: readonly CopyAxis[]): Span => {
          const dst = memory.allocate(size.bytes);
          copyStrided(memory, dst, 0, src, 0, itemSize, axes);
          return dst;
        };
        return {
          encoded,
          codec: {
            ...base,
            place: "wasm",
            kernel: { kind: "transpose", shape, strides: decodeAxes.map(({ srcStride }) => srcStride) },
            encode: (memory, decoded) => permute(memory, decoded, encodeAxes),
            decode: (memory, bytes) => permute(memory, bytes, decodeAxes),
          },
        };
      },
    };
  },
};
