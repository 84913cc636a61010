/**
 * `scale_offset`: stores `(x - offset) * scale` in the same data type, and gives back `x / scale + offset`.
 *
 * The arithmetic is the data type's own. Integers that leave its range, and quotients with a remainder, are errors; floats are rounded
 * after each operation.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/scale_offset
 */

import { ArgumentError, DataError, type SyncodecError } from "../errors.js";
import { dataTypeByName, type NumericDataType } from "../metadata/data_type.js";
import type { JsonObject, JsonValue } from "../metadata/json.js";
import { at, invalid, rejectUnknownFields, type Where } from "../metadata/validate.js";
import { type ArrayToArrayCodec, fillBytes } from "./codec.js";
import { bindElementwise } from "./elementwise.js";
import {
  bigintsOf,
  bytesOfDoubles,
  doublesOf,
  expectSupported,
  type FloatName,
  type IntegerName,
  integerRange,
  isFloat,
  isWide,
  type RealName,
  realNames,
  type WideName,
} from "./numeric.js";
import { divideAndAdd, subtractAndMultiply } from "./numpy_arithmetic.js";
import { astype, bytesOf, settleNaNs } from "./numpy_cast.js";

const name = "scale_offset";

type NumericScalar = ReturnType<NumericDataType["decodeScalar"]>;

interface Parameters {
  readonly offset: Uint8Array;
  readonly scale: Uint8Array;
}

function parseParameters(configuration: JsonObject, dataType: NumericDataType, where: Where): Parameters {
  const read = (field: string, fallback: number): Uint8Array => {
    const value = configuration.get(field);
    return value === undefined ? dataType.encodeScalar(fallback) : dataType.parseFill(value, at(where, field));
  };
  const scale = read("scale", 1);
  if (Number(dataType.decodeScalar(scale)) === 0) {
    throw invalid(at(where, "scale"), `a number that is not 0 as ${dataType.name}`, configuration.get("scale"));
  }
  return { offset: read("offset", 0), scale };
}

/** The error for an element that has no place in the data type. */
type Reject = (expected: string, found: string) => SyncodecError;

const rejectDecoded: Reject = (expected, found) =>
  new ArgumentError("INVALID_ARGUMENT", "An element cannot be encoded", { expected, found, codec: name });
const rejectEncoded: Reject = (expected, found) =>
  new DataError("CORRUPT_DATA", "An element cannot be decoded", { expected, found });

interface Conversion {
  encode(bytes: Uint8Array, reject: Reject): Uint8Array;
  decode(bytes: Uint8Array, reject: Reject): Uint8Array;
}

function floats(type: FloatName, offset: number, scale: number): Conversion {
  return {
    encode(bytes) {
      const values = doublesOf(bytes, type);
      subtractAndMultiply(values, type, offset, scale);
      settleNaNs(values, bytes, type);
      return astype(bytesOf(values), "float64", type);
    },
    decode(bytes) {
      const values = doublesOf(bytes, type);
      divideAndAdd(values, type, scale, offset);
      settleNaNs(values, bytes, type);
      return astype(bytesOf(values), "float64", type);
    },
  };
}

function outOfRange(reject: Reject, minimum: number | bigint, maximum: number | bigint, found: number | bigint) {
  return reject(`a result from ${minimum} to ${maximum}`, `${found}`);
}

function narrowIntegers(type: Exclude<IntegerName, WideName>, offset: number, scale: number): Conversion {
  const [lowest, highest] = integerRange(type);
  const [minimum, maximum] = [Number(lowest), Number(highest)];
  return {
    encode(bytes, reject) {
      const values = doublesOf(bytes, type);
      for (let i = 0; i < values.length; i++) {
        // A product beyond 2^53 is not exact, but far out of the range.
        const result = (values[i]! - offset) * scale;
        if (result < minimum || result > maximum) throw outOfRange(reject, minimum, maximum, result);
        values[i] = result;
      }
      return bytesOfDoubles(values, type);
    },
    decode(bytes, reject) {
      const values = doublesOf(bytes, type);
      for (let i = 0; i < values.length; i++) {
        // A quotient of such integers is never rounded to an integer that it is not.
        const quotient = values[i]! / scale;
        if (!Number.isInteger(quotient)) throw reject("a multiple of the scale", `${values[i]}`);
        const result = quotient + offset;
        if (result < minimum || result > maximum) throw outOfRange(reject, minimum, maximum, result);
        values[i] = result;
      }
      return bytesOfDoubles(values, type);
    },
  };
}

function wideIntegers(type: WideName, offset: bigint, scale: bigint): Conversion {
  const [minimum, maximum] = integerRange(type);
  const check = (result: bigint, reject: Reject): bigint => {
    if (result < minimum || result > maximum) throw outOfRange(reject, minimum, maximum, result);
    return result;
  };
  return {
    encode(bytes, reject) {
      const encoded = bytes.slice();
      const elements = bigintsOf(encoded, type);
      for (let i = 0; i < elements.length; i++) elements[i] = check((elements[i]! - offset) * scale, reject);
      return encoded;
    },
    decode(bytes, reject) {
      const decoded = bytes.slice();
      const elements = bigintsOf(decoded, type);
      for (let i = 0; i < elements.length; i++) {
        if (elements[i]! % scale !== 0n) throw reject("a multiple of the scale", `${elements[i]}`);
        elements[i] = check(elements[i]! / scale + offset, reject);
      }
      return decoded;
    },
  };
}

function conversionFor(type: RealName, offset: NumericScalar, scale: NumericScalar): Conversion {
  if (isFloat(type)) return floats(type, Number(offset), Number(scale));
  if (isWide(type)) return wideIntegers(type, BigInt(offset), BigInt(scale));
  return narrowIntegers(type, Number(offset), Number(scale));
}

export const scaleOffsetCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["offset", "scale"], where);
    return {
      bind(spec) {
        const type = expectSupported(spec.dataType, realNames, name, where);
        const dataType = dataTypeByName(type);
        const fillValue = fillBytes(spec.fillValue);
        const { offset, scale } = parseParameters(configuration, dataType, where);
        const offsetValue = dataType.decodeScalar(offset);
        const scaleValue = dataType.decodeScalar(scale);
        const conversion = conversionFor(type, offsetValue, scaleValue);
        // Adding 0 to -0 gives 0, so that of floats nothing but an empty configuration leaves all as they are.
        const isNeutral = !isFloat(type) && Number(offsetValue) === 0 && Number(scaleValue) === 1;
        const isIdentity = configuration.size === 0 || isNeutral;
        const fillJson: JsonValue = dataType.formatFill(fillValue);
        return bindElementwise(spec, {
          name,
          decoded: type,
          encoded: type,
          convert: isIdentity
            ? undefined
            : {
                encode: (bytes) => conversion.encode(bytes, rejectDecoded),
                decode: (bytes) => conversion.decode(bytes, rejectEncoded),
              },
          fillValue: conversion.encode(fillValue, (expected) =>
            invalid(where, `a fill value that can be encoded, with ${expected}`, fillJson),
          ),
        });
      },
    };
  },
};
