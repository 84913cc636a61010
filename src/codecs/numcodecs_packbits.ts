/**
 * `numcodecs.packbits`: eight booleans in a byte, the first in its highest bit. A byte before them counts the bits that pad the last one.
 * To the codecs that follow it is an array of bytes.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/numcodecs.packbits,
 * https://numcodecs.readthedocs.io/en/stable/filter/packbits.html
 */

import { DataError } from "../errors.js";
import { dataTypeByName } from "../metadata/data_type.js";
import { rejectUnknownFields } from "../metadata/validate.js";
import { type ArrayToArrayCodec, elementCount } from "./codec.js";
import { expectSupported } from "./numeric.js";

const name = "numcodecs.packbits";

function encode(decoded: Uint8Array, packedLength: number): Uint8Array {
  const encoded = new Uint8Array(1 + packedLength);
  encoded[0] = packedLength * 8 - decoded.length;
  for (let i = 0; i < decoded.length; i++) {
    encoded[1 + (i >>> 3)]! |= (decoded[i] === 0 ? 0 : 0x80) >>> (i & 7);
  }
  return encoded;
}

function decode(encoded: Uint8Array, count: number): Uint8Array {
  const padding = (encoded.length - 1) * 8 - count;
  if (encoded[0] !== padding) {
    throw new DataError("CORRUPT_DATA", "Packed bits have the wrong number of padding bits", {
      expected: padding,
      found: encoded[0],
      offset: 0,
    });
  }
  const decoded = new Uint8Array(count);
  for (let i = 0; i < count; i++) decoded[i] = (encoded[1 + (i >>> 3)]! >>> (7 - (i & 7))) & 1;
  return decoded;
}

export const numcodecsPackbitsCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, [], where);
    return {
      bind({ shape, dataType, fillValue }) {
        expectSupported(dataType, ["bool"], name, where);
        const count = elementCount(shape);
        const packedLength = Math.ceil(count / 8);
        return {
          // A byte of eight fill values.
          encoded: {
            shape: [1 + packedLength],
            dataType: dataTypeByName("uint8"),
            fillValue: Uint8Array.of(fillValue[0] === 0 ? 0 : 0xff),
          },
          codec: {
            name,
            place: "heap",
            decodedSize: { kind: "fixed", bytes: count },
            encodedSize: { kind: "fixed", bytes: 1 + packedLength },
            encode: (decoded) => encode(decoded, packedLength),
            decode: (encoded) => decode(encoded, count),
          },
        };
      },
    };
  },
};
