/**
 * `cast_value`: converts the values of elements to another data type.
 *
 * In this order: a value in the scalar map becomes what stands there; a value that the target has stays what it is; any other is rounded.
 * What is out of range then is an error, or clamped (for float targets to an infinity), or for integer targets wrapped. Only the scalar map
 * takes a NaN or an infinity to an integer.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/cast_value
 */

import { ArgumentError, DataError, type SyncodecError } from "../errors.js";
import { type DataType, parseDataType } from "../metadata/data_type.js";
import { JsonNumber, type JsonObject, type JsonValue } from "../metadata/json.js";
import {
  at,
  expectArray,
  expectObject,
  expectOneOf,
  invalid,
  rejectUnknownFields,
  type Where,
} from "../metadata/validate.js";
import { type ArrayToArrayCodec, fillBytes } from "./codec.js";
import { bindElementwise } from "./elementwise.js";
import {
  type BigIntArray,
  bigintsOf,
  bytesOfDoubles,
  doublesOf,
  expectSupported,
  type FloatName,
  type IntegerName,
  integerRange,
  isFloat,
  isWide,
  itemSizes,
  newElements,
  type RealName,
  realNames,
} from "./numeric.js";
import { copyNaNs } from "./numpy_cast.js";
import { floatRounding, integerRounding, type Rounding, roundings } from "./rounding.js";

const name = "cast_value";
const outOfRangeModes = ["clamp", "wrap"] as const;

type OutOfRange = (typeof outOfRangeModes)[number] | undefined;
/** A number, or of a 64-bit type a bigint. */
type Value = number | bigint;
/** What a value becomes; a function that throws if the target has no place for it. */
type Convert = (value: Value, reject: Reject) => Value;
/** The error for a value that the target has no place for. */
type Reject = (expected: string, found: Value) => SyncodecError;
/** Bytes of target elements by source values. A Map takes a NaN for any other, and -0 for 0. */
type ScalarMap = ReadonlyMap<Value, Uint8Array>;

function toInteger(target: IntegerName, rounding: Rounding, outOfRange: OutOfRange): Convert {
  const [minimum, maximum] = integerRange(target);
  const expected = `a value from ${minimum} to ${maximum}`;
  const [low, high] = isWide(target) ? [minimum, maximum] : [Number(minimum), Number(maximum)];
  const round = integerRounding(rounding);
  return (value, reject) => {
    const rounded = typeof value === "number" ? round(value) : value;
    if (rounded >= low && rounded <= high) return rounded;
    const isNumber = typeof rounded === "bigint" || Number.isFinite(rounded);
    if (!isNumber || outOfRange === undefined) throw reject(expected, value);
    if (outOfRange === "clamp") return rounded < low ? low : high;
    // Storing a number or a bigint drops the bits above the type's.
    return isWide(target) || typeof rounded === "number" ? rounded : BigInt.asIntN(32, rounded);
  };
}

function toFloat(target: FloatName, rounding: Rounding, outOfRange: OutOfRange): Convert {
  const round = floatRounding(target, rounding);
  return (value, reject) => {
    const rounded = round(value);
    const isOverflow = !Number.isFinite(rounded) && (typeof value === "bigint" || Number.isFinite(value));
    if (isOverflow && outOfRange !== "clamp") throw reject(`a value in the range of ${target}`, value);
    return rounded;
  };
}

/** Whether every value of `source` is one of `target` too. */
function holds(target: RealName, source: RealName): boolean {
  if (isFloat(source)) return isFloat(target) && itemSizes[source] <= itemSizes[target];
  if (isFloat(target)) return itemSizes[source] < itemSizes[target];
  const [minimum, maximum] = integerRange(target);
  return integerRange(source).every((limit) => limit >= minimum && limit <= maximum);
}

type Cast = (bytes: Uint8Array, reject: Reject) => Uint8Array;

function elementsOf(bytes: Uint8Array, type: RealName): Float64Array | BigIntArray {
  return isWide(type) ? bigintsOf(bytes, type) : doublesOf(bytes, type);
}

/** Converts all elements but those in the map, whose place is taken by 0. */
function convertElements(
  elements: Float64Array | BigIntArray,
  target: RealName,
  map: ScalarMap,
  convert: Convert,
  reject: Reject,
): Uint8Array {
  const isMapped = (value: Value): boolean => map.size > 0 && map.has(value);
  if (isWide(target)) {
    const result = newElements(elements.length, target);
    const wide = bigintsOf(result, target);
    for (let i = 0; i < wide.length; i++) {
      if (!isMapped(elements[i]!)) wide[i] = BigInt(convert(elements[i]!, reject));
    }
    return result;
  }
  const values = new Float64Array(elements.length);
  for (let i = 0; i < values.length; i++) {
    if (!isMapped(elements[i]!)) values[i] = Number(convert(elements[i]!, reject));
  }
  return bytesOfDoubles(values, target);
}

function caster(source: RealName, target: RealName, map: ScalarMap, rounding: Rounding, outOfRange: OutOfRange): Cast {
  const convert = isFloat(target) ? toFloat(target, rounding, outOfRange) : toInteger(target, rounding, outOfRange);
  // Nothing is rounded, and nothing out of range.
  const isPlain = map.size === 0 && !isWide(source) && !isWide(target) && holds(target, source);
  const keepsNaNs = isFloat(source) && isFloat(target) && !map.has(Number.NaN);
  return (bytes, reject) => {
    const elements = elementsOf(bytes, source);
    const result =
      isPlain && elements instanceof Float64Array
        ? bytesOfDoubles(elements, target)
        : convertElements(elements, target, map, convert, reject);
    if (keepsNaNs) copyNaNs(result, target, bytes, source);
    if (map.size > 0) {
      for (let i = 0; i < elements.length; i++) {
        const mapped = map.get(elements[i]!);
        if (mapped !== undefined) result.set(mapped, i * itemSizes[target]);
      }
    }
    return result;
  };
}

function parseScalarMap(
  configuration: JsonObject | undefined,
  direction: "encode" | "decode",
  source: DataType,
  target: DataType,
  where: Where,
): ScalarMap {
  const map = new Map<Value, Uint8Array>();
  const entries = configuration?.get(direction);
  if (entries === undefined) return map;
  const directionAt = at(where, direction);
  expectArray(entries, directionAt).forEach((entry, i) => {
    const entryAt = at(directionAt, i);
    const pair = expectArray(entry, entryAt);
    if (pair.length !== 2) throw invalid(entryAt, "two values", entry);
    const key = source.decodeScalar(source.parseFill(pair[0], at(entryAt, 0)));
    const value = target.parseFill(pair[1], at(entryAt, 1));
    // The first entry for a value counts.
    if ((typeof key === "number" || typeof key === "bigint") && !map.has(key)) map.set(key, fillBytes(value));
  });
  return map;
}

const rejectDecoded: Reject = (expected, found) =>
  new ArgumentError("INVALID_ARGUMENT", "An element cannot be encoded", { expected, found: `${found}`, codec: name });
const rejectEncoded: Reject = (expected, found) =>
  new DataError("CORRUPT_DATA", "An element cannot be decoded", { expected, found: `${found}` });

/** The fill value as the codecs that follow see it; it must survive encoding and decoding. */
function castFill(encode: Cast, decode: Cast, dataType: DataType, fillValue: Uint8Array, where: Where): Uint8Array {
  const json: JsonValue = dataType.formatFill(fillValue);
  const reject = (expected: string): SyncodecError =>
    invalid(where, `a fill value that can be encoded and decoded, ${expected}`, json);
  const encoded = encode(fillValue, reject);
  const decoded = decode(encoded, reject);
  const [before, after] = [dataType.decodeScalar(fillValue), dataType.decodeScalar(decoded)];
  if (before !== after && !(Number.isNaN(before) && Number.isNaN(after))) {
    throw invalid(where, `a fill value that is decoded as it was, not as ${new JsonNumber(`${after}`).text}`, json);
  }
  return encoded;
}

export const castValueCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["data_type", "rounding", "out_of_range", "scalar_map"], where);
    const encodedType = parseDataType(configuration.get("data_type"), at(where, "data_type"));
    const encoded = expectSupported(encodedType, realNames, name, at(where, "data_type"));
    const rounding = configuration.has("rounding")
      ? expectOneOf(configuration.get("rounding"), roundings, at(where, "rounding"))
      : "nearest-even";
    const modeAt = at(where, "out_of_range");
    const outOfRange = configuration.has("out_of_range")
      ? expectOneOf(configuration.get("out_of_range"), outOfRangeModes, modeAt)
      : undefined;
    if (outOfRange === "wrap" && isFloat(encoded)) throw invalid(modeAt, `"clamp" for ${encoded}`, "wrap");
    const mapAt = at(where, "scalar_map");
    const maps = configuration.has("scalar_map") ? expectObject(configuration.get("scalar_map"), mapAt) : undefined;
    if (maps !== undefined) rejectUnknownFields(maps, ["encode", "decode"], mapAt);
    return {
      bind(spec) {
        const { dataType } = spec;
        const fillValue = fillBytes(spec.fillValue);
        const decoded = expectSupported(dataType, realNames, name, where);
        const encodeMap = parseScalarMap(maps, "encode", dataType, encodedType, mapAt);
        const decodeMap = parseScalarMap(maps, "decode", encodedType, dataType, mapAt);
        const encode = caster(decoded, encoded, encodeMap, rounding, outOfRange);
        const decode = caster(encoded, decoded, decodeMap, rounding, outOfRange);
        const isIdentity = decoded === encoded && encodeMap.size + decodeMap.size === 0;
        return bindElementwise(spec, {
          name,
          decoded,
          encoded,
          convert: isIdentity
            ? undefined
            : { encode: (bytes) => encode(bytes, rejectDecoded), decode: (bytes) => decode(bytes, rejectEncoded) },
          fillValue: isIdentity ? fillValue : castFill(encode, decode, dataType, fillValue, where),
        });
      },
    };
  },
};
