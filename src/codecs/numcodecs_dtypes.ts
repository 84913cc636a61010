/** The two data types in the configuration of a numcodecs filter: that of its input, and that of its output. */

import type { DataType } from "../metadata/data_type.js";
import type { JsonObject } from "../metadata/json.js";
import { parseCodecDtype } from "../metadata/numpy_dtype.js";
import { at, invalid, type Where } from "../metadata/validate.js";
import { expectSupported, type NumericName } from "./numeric.js";

export interface FilterTypes<Name extends NumericName> {
  readonly decoded: Name;
  readonly encoded: Name;
}

export interface FilterFields {
  /** The field with the input's data type, which must be that of the array where it is given. */
  readonly decoded: string;
  /** The field with the output's, by default the input's. */
  readonly encoded: string;
}

/** Reads both fields; the result binds them to the data type that reaches the codec. */
export function parseFilterTypes<Name extends NumericName>(
  configuration: JsonObject,
  fields: FilterFields,
  codec: string,
  supported: readonly Name[],
  where: Where,
): (dataType: DataType) => FilterTypes<Name> {
  const decodedAt = at(where, fields.decoded);
  const encodedAt = at(where, fields.encoded);
  const given = parseCodecDtype(configuration.get(fields.decoded), decodedAt);
  const target = parseCodecDtype(configuration.get(fields.encoded), encodedAt);
  return (dataType) => {
    const decoded = expectSupported(dataType, supported, codec, where);
    if (given !== undefined && given.name !== decoded) {
      throw invalid(decodedAt, `the data type that reaches the codec, ${decoded}`, given.name);
    }
    return { decoded, encoded: expectSupported(target ?? dataType, supported, codec, encodedAt) };
  };
}
