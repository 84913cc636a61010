/**
 * `bytes`: array elements in C order, in either byte order.
 *
 * Little-endian data needs no step at all: it already is what the pipeline computes with.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/bytes/index.html
 */

import type { DataType, NumberRun } from "../metadata/data_type.js";
import { at, expectString, invalid, rejectUnknownFields, unsupported } from "../metadata/validate.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ArrayToBytesCodec, elementCount } from "./codec.js";
import { mixedSwap } from "./mixed_swap.js";
import { swap } from "./swap.js";

/** What of an element is stored in the other byte order than little-endian: everything of one size, or some numbers. */
function swapped({ swapSize }: DataType, endian: "little" | "big"): number | readonly NumberRun[] {
  if (typeof swapSize === "number") return endian === "little" ? 1 : swapSize;
  return swapSize.filter(({ isSwapped }) => isSwapped === (endian === "little"));
}

export const bytesCodec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name: "bytes",
  defaults: ({ swapSize }) => (swapSize !== 1 ? { endian: "little" } : {}),
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["endian"], where);
    const value = configuration.get("endian");
    const endian = value === undefined ? "little" : expectString(value, at(where, "endian"));
    if (endian !== "little" && endian !== "big") {
      throw invalid(at(where, "endian"), '"little" or "big"', value);
    }
    return {
      bind({ shape, dataType }) {
        if (dataType.variable) {
          throw unsupported(`data type ${dataType.name} for codec "bytes"`, where, "a data type of fixed size");
        }
        const { itemSize } = dataType;
        const size = { kind: "fixed", bytes: elementCount(shape) * itemSize } as const;
        const base = { name: "bytes", decodedSize: size, encodedSize: size };
        const swaps = swapped(dataType, endian);
        if (typeof swaps !== "number") {
          if (swaps.length === 0) return { ...base, place: "identity" };
          const { swapRuns } = mixedSwap.get();
          const convert = (memory: Memory, src: Span): Span => swapRuns(memory, src, itemSize, swaps);
          return { ...base, place: "wasm", encode: convert, decode: convert };
        }
        if (swaps === 1) return { ...base, place: "identity" };
        const convert = (memory: Memory, src: Span): Span => {
          const dst = memory.allocate(src.byteLength);
          swap(memory, dst, src, swaps);
          return dst;
        };
        return {
          ...base,
          place: "wasm",
          kernel: { kind: "swap", swapSize: swaps },
          encode: convert,
          decode: convert,
        };
      },
    };
  },
};
