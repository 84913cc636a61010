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
  expectSupported,
  type FloatName,
  type IntegerName,
  integerRange,
  isFloat,
  isWide,
  numbersOf,
  realNames,
} from "./numeric.js";
import { applyToFloats } from "./numpy_arithmetic.js";
import { settleNaNs } from "./numpy_cast.js";

const name = "scale_offset";

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
      const result = bytes.slice();
      applyToFloats(result, type, "subtract", offset);
      applyToFloats(result, type, "multiply", scale);
      settleNaNs(result, bytes, type);
      return result;
    },
    decode(bytes) {
      const result = bytes.slice();
      applyToFloats(result, type, "divide", scale);
      applyToFloats(result, type, "add", offset);
      settleNaNs(result, bytes, type);
      return result;
    },
  };
}

/** Applies `map` to each element; an undefined result has a remainder. */
function mapIntegers(
  bytes: Uint8Array,
  type: IntegerName,
  mapNumber: (value: number) => number | undefined,
  mapBigint: (value: bigint) => bigint | undefined,
  reject: Reject,
): Uint8Array {
  const result = bytes.slice();
  const [minimum, maximum] = integerRange(type);
  const check = <T extends number | bigint>(mapped: T | undefined, value: T): T => {
    if (mapped === undefined) throw reject("a multiple of the scale", `${value}`);
    if (mapped < minimum || mapped > maximum) throw reject(`a result from ${minimum} to ${maximum}`, `${mapped}`);
    return mapped;
  };
  if (isWide(type)) {
    const elements = bigintsOf(result, type);
    for (let i = 0; i < elements.length; i++) elements[i] = check(mapBigint(elements[i]!), elements[i]!);
  } else {
    const elements = numbersOf(result, type);
    for (let i = 0; i < elements.length; i++) elements[i] = check(mapNumber(elements[i]!), elements[i]!);
  }
  return result;
}

function integers(type: IntegerName, offset: bigint, scale: bigint): Conversion {
  // Products beyond 2^53 are not exact, but far out of the range of 32 bits.
  const [offsetNumber, scaleNumber] = [Number(offset), Number(scale)];
  return {
    encode: (bytes, reject) =>
      mapIntegers(
        bytes,
        type,
        (value) => (value - offsetNumber) * scaleNumber,
        (value) => (value - offset) * scale,
        reject,
      ),
    decode: (bytes, reject) =>
      mapIntegers(
        bytes,
        type,
        (value) => (value % scaleNumber === 0 ? value / scaleNumber + offsetNumber : undefined),
        (value) => (value % scale === 0n ? value / scale + offset : undefined),
        reject,
      ),
  };
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
        const conversion = isFloat(type)
          ? floats(type, Number(offsetValue), Number(scaleValue))
          : integers(type, BigInt(offsetValue), BigInt(scaleValue));
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
