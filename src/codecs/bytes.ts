/**
 * `bytes`: array elements in C order, in either byte order.
 *
 * Little-endian data needs no step at all: it already is what the pipeline computes with.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/bytes/index.html
 */

import { at, expectString, invalid, rejectUnknownFields, unsupported } from "../metadata/validate.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ArrayToBytesCodec, elementCount } from "./codec.js";

const kernelOf = { 2: "byteswap2", 4: "byteswap4", 8: "byteswap8", 16: "byteswap16" } as const;

function isSwapSize(size: number): size is keyof typeof kernelOf {
  return size in kernelOf;
}

export const bytesCodec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name: "bytes",
  defaults: ({ swapSize }) => (swapSize > 1 ? { endian: "little" } : {}),
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
        const size = { kind: "fixed", bytes: elementCount(shape) * dataType.itemSize } as const;
        const base = { name: "bytes", decodedSize: size, encodedSize: size };
        if (endian === "little" || !isSwapSize(dataType.swapSize)) return { ...base, place: "identity" };
        const kernel = kernelOf[dataType.swapSize];
        const swap = (memory: Memory, src: Span): Span => {
          const dst = memory.allocate(src.byteLength);
          memory.kernels[kernel](dst.pointer, dst.byteLength, src.pointer, src.byteLength);
          return dst;
        };
        return {
          ...base,
          place: "wasm",
          kernel: { kind: "swap", swapSize: dataType.swapSize },
          encode: swap,
          decode: swap,
        };
      },
    };
  },
};
