/**
 * `numcodecs.astype`: converts elements to another data type, as numpy does. Nothing says that they survive it.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/numcodecs.astype,
 * https://numcodecs.readthedocs.io/en/stable/filter/astype.html
 */

import { at, invalid, rejectUnknownFields } from "../metadata/validate.js";
import { type ArrayToArrayCodec, fillBytes } from "./codec.js";
import { bindElementwise } from "./elementwise.js";
import { parseFilterTypes } from "./numcodecs_dtypes.js";
import { numericNames } from "./numeric.js";
import { astype } from "./numpy_cast.js";

const name = "numcodecs.astype";
const fields = { decoded: "decode_dtype", encoded: "encode_dtype" } as const;

export const numcodecsAstypeCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, [fields.encoded, fields.decoded], where);
    const bindTypes = parseFilterTypes(configuration, fields, name, numericNames, where);
    const target = configuration.get(fields.encoded) ?? undefined;
    if (target === undefined) throw invalid(at(where, fields.encoded), "a numpy data type", target);
    return {
      bind(spec) {
        const { decoded, encoded } = bindTypes(spec.dataType);
        const convert = {
          encode: (bytes: Uint8Array) => astype(bytes, decoded, encoded),
          decode: (bytes: Uint8Array) => astype(bytes, encoded, decoded),
        };
        return bindElementwise(spec, {
          name,
          decoded,
          encoded,
          convert: decoded === encoded ? undefined : convert,
          fillValue: convert.encode(fillBytes(spec.fillValue)),
        });
      },
    };
  },
};
