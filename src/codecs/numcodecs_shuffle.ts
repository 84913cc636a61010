/**
 * `numcodecs.shuffle`: byte 0 of every element, then byte 1, and so on.
 *
 * Source: https://numcodecs.readthedocs.io/en/stable/filter/shuffle.html
 */

import { DataError } from "../errors.js";
import { at, expectInteger, rejectUnknownFields, unsupported } from "../metadata/validate.js";
import { bloscKernels } from "../wasm/blosc_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import type { BytesToBytesCodec } from "./codec.js";

export const numcodecsShuffleCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "numcodecs.shuffle",
  aliases: ["shuffle"],
  defaults: ({ itemSize }) => ({ elementsize: itemSize }),
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["elementsize"], where);
    const value = configuration.get("elementsize");
    const elementSize =
      value === undefined
        ? undefined
        : expectInteger(value, { minimum: 1, maximum: 2 ** 31 - 1 }, at(where, "elementsize"));
    return {
      bind(size, itemSize) {
        const width = elementSize ?? itemSize;
        const base = { name: "numcodecs.shuffle", decodedSize: size, encodedSize: size };
        if (size.kind === "fixed" && size.bytes % width !== 0)
          throw unsupported(`chunk of ${size.bytes} bytes`, where, `a multiple of ${width} bytes`);
        if (width === 1) return { ...base, place: "identity" };
        const run = (memory: Memory, kernel: "shuffle" | "unshuffle", src: Span): Span => {
          // No implementation agrees with another on bytes that fill no element.
          if (src.byteLength % width !== 0) {
            throw new DataError("CORRUPT_DATA", "Shuffled bytes are no whole number of elements", {
              expected: `a multiple of ${width} bytes`,
              found: src.byteLength,
            });
          }
          const dst = memory.allocate(src.byteLength);
          memory.kernelsOf(bloscKernels)[kernel](dst.pointer, dst.byteLength, src.pointer, src.byteLength, width);
          return dst;
        };
        return {
          ...base,
          place: "wasm",
          encode: (memory, decoded) => run(memory, "shuffle", decoded),
          decode: (memory, encoded) => run(memory, "unshuffle", encoded),
        };
      },
    };
  },
};
