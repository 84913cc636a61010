/**
 * `packbits`: some bits of each element, one element after another, without regard to bytes: booleans take one bit.
 *
 * Bits fill a byte from its lowest one on. The specification leaves that open; so does zarrs, whose booleans differ from those of
 * `numcodecs.packbits`.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/packbits
 */

import { DataError } from "../errors.js";
import type { JsonObject } from "../metadata/json.js";
import { at, expectInteger, expectOneOf, rejectUnknownFields, type Where } from "../metadata/validate.js";
import { filterKernels } from "../wasm/filter_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ArrayToBytesCodec, elementCount } from "./codec.js";
import { expectSupported, itemSizes, numericNames } from "./numeric.js";

const name = "packbits";
const paddingEncodings = ["none", "first_byte", "last_byte"] as const;

function bit(
  configuration: JsonObject,
  field: string,
  minimum: number,
  maximum: number,
  fallback: number,
  where: Where,
): number {
  const value = configuration.get(field);
  return value === undefined || value === null
    ? fallback
    : expectInteger(value, { minimum, maximum }, at(where, field));
}

export const packbitsCodec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["padding_encoding", "first_bit", "last_bit"], where);
    const padding = configuration.has("padding_encoding")
      ? expectOneOf(configuration.get("padding_encoding"), paddingEncodings, at(where, "padding_encoding"))
      : "none";
    return {
      bind({ shape, dataType }) {
        const type = expectSupported(dataType, numericNames, name, where);
        const itemSize = itemSizes[type];
        const highest = type === "bool" ? 0 : itemSize * 8 - 1;
        const firstBit = bit(configuration, "first_bit", 0, highest, 0, where);
        const lastBit = bit(configuration, "last_bit", firstBit, highest, highest, where);
        const bitCount = lastBit - firstBit + 1;
        const isSigned = type.startsWith("int") ? 1 : 0;

        const count = elementCount(shape);
        const packedLength = Math.ceil((count * bitCount) / 8);
        const paddingBits = packedLength * 8 - count * bitCount;
        const start = padding === "first_byte" ? 1 : 0;
        const encodedLength = packedLength + (padding === "none" ? 0 : 1);
        const paddingOffset = padding === "first_byte" ? 0 : packedLength;
        const base = {
          name,
          decodedSize: { kind: "fixed", bytes: count * itemSize },
          encodedSize: { kind: "fixed", bytes: encodedLength },
        } as const;
        if (bitCount === itemSize * 8 && padding === "none") return { ...base, place: "identity" };

        function encode(memory: Memory, { pointer, byteLength }: Span): Span {
          const encoded = memory.allocate(encodedLength);
          const dst = encoded.pointer + start;
          memory
            .kernelsOf(filterKernels)
            .packBits(dst, packedLength, pointer, byteLength, itemSize, firstBit, bitCount);
          if (padding !== "none") memory.view(encoded)[paddingOffset] = paddingBits;
          return encoded;
        }
        function decode(memory: Memory, encoded: Span): Span {
          if (padding !== "none") {
            const found = memory.view(encoded)[paddingOffset];
            if (found !== paddingBits) {
              throw new DataError("CORRUPT_DATA", "Packed bits have the wrong number of padding bits", {
                expected: paddingBits,
                found,
                offset: paddingOffset,
              });
            }
          }
          const { pointer, byteLength } = memory.allocate(count * itemSize);
          const src = encoded.pointer + start;
          memory
            .kernelsOf(filterKernels)
            .unpackBits(pointer, byteLength, src, packedLength, itemSize, firstBit, bitCount, isSigned);
          return { pointer, byteLength };
        }
        return { ...base, place: "wasm", encode, decode };
      },
    };
  },
};
