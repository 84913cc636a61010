/**
 * `numcodecs.quantize`: rounds floats to a number of decimal digits, or rather to the multiple of a power of two that keeps them, and
 * converts them to another float type. Decoding only converts back.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/numcodecs.quantize,
 * https://numcodecs.readthedocs.io/en/stable/filter/quantize.html
 */

import { at, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { type ArrayToArrayCodec, fillBytes } from "./codec.js";
import { bindElementwise } from "./elementwise.js";
import { parseFilterTypes } from "./numcodecs_dtypes.js";
import { doublesOf, floatNames } from "./numeric.js";
import { divideAndAdd, roundToIntegers, subtractAndMultiply } from "./numpy_arithmetic.js";
import { astype, bytesOf, settleNaNs } from "./numpy_cast.js";

const name = "numcodecs.quantize";
const fields = { decoded: "dtype", encoded: "astype" } as const;

export const numcodecsQuantizeCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["digits", fields.decoded, fields.encoded], where);
    // Beyond these neither the precision nor the scale is a double.
    const digits = expectInteger(configuration.get("digits"), { minimum: -308, maximum: 307 }, at(where, "digits"));
    const bindTypes = parseFilterTypes(configuration, fields, name, floatNames, where);
    const scale = 2 ** Math.ceil(digits * Math.log2(10));
    return {
      bind(spec) {
        const { decoded, encoded } = bindTypes(spec.dataType);
        function encode(bytes: Uint8Array): Uint8Array {
          const values = doublesOf(bytes, decoded);
          subtractAndMultiply(values, decoded, 0, scale);
          roundToIntegers(values);
          // Unlike 0, which takes the sign from another zero, -0 changes nothing.
          divideAndAdd(values, decoded, scale, -0);
          settleNaNs(values, bytes, decoded);
          return astype(bytesOf(values), "float64", encoded);
        }
        return bindElementwise(spec, {
          name,
          decoded,
          encoded,
          convert: { encode, decode: (bytes) => astype(bytes, encoded, decoded) },
          // Not rounded, so that it is decoded as it was.
          fillValue: astype(fillBytes(spec.fillValue), decoded, encoded),
        });
      },
    };
  },
};
