/**
 * `bitround`: keeps so many bits of each number, rounding half to even, so that what follows compresses better. Decoding does nothing.
 *
 * Floats keep bits of their fraction; a carry runs on into the exponent, in a NaN or an infinity too, as in numcodecs. Integers keep bits
 * from the highest one that is set in their two's complement, which for negative ones is the sign; a carry that would leave the type, or
 * change the sign, is left out.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/bitround
 */

import { at, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { filterKernels } from "../wasm/filter_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ArrayToArrayCodec, elementCount } from "./codec.js";
import { expectSupported, isFloat, itemSizes, type RealName, realNames } from "./numeric.js";

const name = "bitround";

const fractionBits = { float16: 10, float32: 23, float64: 52 } as const;

/** The kernel call for elements of `type`, or `undefined` if they keep all their bits. */
function rounding(type: RealName, keepbits: number): ((memory: Memory, dst: Span, src: Span) => void) | undefined {
  const itemSize = itemSizes[type];
  if (isFloat(type)) {
    const dropped = fractionBits[type] - keepbits;
    if (dropped <= 0) return undefined;
    return (memory, dst, src) => {
      memory
        .kernelsOf(filterKernels)
        .roundFloats(dst.pointer, dst.byteLength, src.pointer, src.byteLength, itemSize, dropped);
    };
  }
  if (keepbits >= itemSize * 8) return undefined;
  const isSigned = type.startsWith("int") ? 1 : 0;
  return (memory, dst, src) => {
    memory
      .kernelsOf(filterKernels)
      .roundIntegers(dst.pointer, dst.byteLength, src.pointer, src.byteLength, itemSize, keepbits, isSigned);
  };
}

export const bitroundCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  aliases: ["numcodecs.bitround"],
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["keepbits"], where);
    const keepbitsAt = at(where, "keepbits");
    // numcodecs allows 0 for floats.
    const keepbits = expectInteger(configuration.get("keepbits"), { minimum: 0 }, keepbitsAt);
    return {
      bind(spec) {
        const type = expectSupported(spec.dataType, realNames, name, where);
        if (!isFloat(type)) expectInteger(configuration.get("keepbits"), { minimum: 1 }, keepbitsAt);
        const size = { kind: "fixed", bytes: elementCount(spec.shape) * itemSizes[type] } as const;
        const base = { name, decodedSize: size, encodedSize: size };
        const round = rounding(type, keepbits);
        if (round === undefined) return { encoded: spec, codec: { ...base, place: "identity" } };
        return {
          // With the fill value as it is: it is decoded as it was.
          encoded: spec,
          codec: {
            ...base,
            place: "wasm",
            encode(memory, src) {
              const dst = memory.allocate(src.byteLength);
              round(memory, dst, src);
              return dst;
            },
            decode: (_, span) => span,
          },
        };
      },
    };
  },
};
