/** bool, integers and floats: one typed-array unit per element. */

import { ArgumentError } from "../errors.js";
import type { DataTypeName, Elements, FixedDataType, NumericDataType, TypedArray } from "./data_type.js";
import { type DataTypeFamily, plainFamily } from "./data_type_family.js";
import { bfloat16, decimalToBits, type FloatFormat, float16, float32, float64, shortestDecimal } from "./float.js";
import { JsonNumber, type JsonValue, jsonNumber } from "./json.js";
import { invalid } from "./validate.js";

export interface TypedArrayClass {
  readonly name: string;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

/** What follows from the typed array alone. */
export type Storage = Pick<
  FixedDataType,
  | "variable"
  | "itemSize"
  | "swapSize"
  | "unitsPerItem"
  | "isBoxed"
  | "arrayName"
  | "allocate"
  | "view"
  | "accepts"
  | "hasObjectScalars"
  | "defaultFill"
>;

/** Storage in `unitsPerItem` elements of `arrayClass` an item; arrays of the class `alternative` are accepted too. */
export function storage(
  arrayClass: TypedArrayClass,
  itemSize: number,
  { alternative, unitsPerItem = 1 }: { readonly alternative?: TypedArrayClass; readonly unitsPerItem?: number } = {},
): Storage {
  // By tag and not by instanceof, so that arrays of another realm (a frame, node:vm) are accepted.
  const tags = [`[object ${arrayClass.name}]`, `[object ${(alternative ?? arrayClass).name}]`];
  return {
    variable: false,
    itemSize,
    swapSize: itemSize / unitsPerItem,
    unitsPerItem,
    isBoxed: false,
    arrayName: arrayClass.name,
    allocate: (length, shared = false) =>
      shared ? new arrayClass(new SharedArrayBuffer(length * itemSize)) : new arrayClass(length * unitsPerItem),
    view: (buffer, byteOffset, length) => new arrayClass(buffer, byteOffset, length * unitsPerItem),
    accepts: (value): value is TypedArray =>
      ArrayBuffer.isView(value) &&
      (value instanceof arrayClass || tags.includes(Object.prototype.toString.call(value))),
    hasObjectScalars: false,
    defaultFill: () => new Uint8Array(itemSize),
  };
}

/** `element`, which must be the `itemSize` bytes of one element. */
export function elementBytes(element: Elements, name: string, itemSize: number): Uint8Array {
  if (element instanceof Uint8Array && element.length === itemSize) return element;
  throw new ArgumentError("INVALID_ARGUMENT", `Wrong number of bytes for ${name}`, {
    expected: itemSize,
    found: element.length,
  });
}

const scratch = new DataView(new ArrayBuffer(8));

/** The little-endian unsigned integer in `element`, which must be `itemSize` bytes long. */
export function readBits(element: Elements, name: string, itemSize: number): bigint {
  const bytes = elementBytes(element, name, itemSize);
  scratch.setBigUint64(0, 0n);
  for (let i = 0; i < itemSize; i++) scratch.setUint8(i, bytes[i]!);
  return scratch.getBigUint64(0, true);
}

/** The low `itemSize` bytes of `bits`, little-endian. */
export function writeBits(bits: bigint, itemSize: number): Uint8Array {
  const padded = new Uint8Array(8);
  new DataView(padded.buffer).setBigUint64(0, BigInt.asUintN(64, bits), true);
  return padded.slice(0, itemSize);
}

export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const found = value === null ? "null" : typeof value;
  return new TypeError(`Value for ${name} must be ${expected}, not ${found}`);
}

export function wrongValue(name: string, expected: string, value: number | bigint): ArgumentError {
  return new ArgumentError("INVALID_ARGUMENT", `Value does not fit ${name}`, { expected, found: `${value}` });
}

function bool(): NumericDataType {
  function encodeScalar(value: unknown): Uint8Array {
    if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
    if (typeof value !== "number" && typeof value !== "bigint") throw wrongType("bool", "a boolean, 0 or 1", value);
    const bit = Number(value);
    if (bit !== 0 && bit !== 1) throw wrongValue("bool", "a boolean, 0 or 1", value);
    return Uint8Array.of(bit);
  }
  return {
    ...storage(Uint8Array, 1),
    name: "bool",
    decodeScalar: (bytes) => readBits(bytes, "bool", 1) !== 0n,
    encodeScalar,
    parseFill(json, where) {
      // Writers from before the specification was final recorded 0 and 1.
      if (json instanceof JsonNumber && (json.text === "0" || json.text === "1"))
        return encodeScalar(json.text === "1");
      if (typeof json !== "boolean") throw invalid(where, "true or false", json);
      return encodeScalar(json);
    },
    formatFill: (bytes) => readBits(bytes, "bool", 1) !== 0n,
  };
}

/** A data type that a name stands for. */
type Named<Name extends DataTypeName> = FixedDataType & Pick<NumericDataType, "decodeScalar"> & { readonly name: Name };

export function integer<Name extends DataTypeName>(
  name: Name,
  arrayClass: TypedArrayClass,
  itemSize: number,
): Named<Name> {
  const bits = itemSize * 8;
  const isSigned = !arrayClass.name.includes("Uint");
  const minimum = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  const maximum = minimum + 2n ** BigInt(bits) - 1n;
  const range = `an integer from ${minimum} to ${maximum}`;
  const inRange = (value: bigint): boolean => value >= minimum && value <= maximum;

  function decode(bytes: Elements): bigint {
    const unsigned = readBits(bytes, name, itemSize);
    return isSigned ? BigInt.asIntN(bits, unsigned) : unsigned;
  }
  return {
    ...storage(arrayClass, itemSize),
    name,
    decodeScalar: (bytes) => (bits === 64 ? decode(bytes) : Number(decode(bytes))),
    encodeScalar(value) {
      if (typeof value !== "number" && typeof value !== "bigint") throw wrongType(name, "a number or a bigint", value);
      if (typeof value === "number" && !Number.isInteger(value)) throw wrongValue(name, range, value);
      const exact = BigInt(value);
      if (!inRange(exact)) throw wrongValue(name, range, value);
      return writeBits(exact, itemSize);
    },
    parseFill(json, where) {
      // No in-range literal is longer than "-9223372036854775808"; BigInt on a megabyte of digits would be slow.
      if (json instanceof JsonNumber && json.isInteger && json.text.length <= 20) {
        const exact = BigInt(json.text);
        if (inRange(exact)) return writeBits(exact, itemSize);
      }
      throw invalid(where, range, json);
    },
    formatFill: (bytes) => jsonNumber(decode(bytes)),
  };
}

function float<Name extends DataTypeName>(name: Name, format: FloatFormat, arrayStorage: Storage): Named<Name> {
  const { itemSize } = arrayStorage;
  const { canonicalNaN } = format;
  const infinity = format.toBits(Number.POSITIVE_INFINITY);
  const negativeInfinity = format.toBits(Number.NEGATIVE_INFINITY);
  const hexDigits = itemSize * 2;
  const hexPattern = new RegExp(`^0x[0-9a-fA-F]{${hexDigits}}$`);
  const isInfinite = (bits: bigint): boolean => bits === infinity || bits === negativeInfinity;

  function parseBits(json: JsonValue | undefined): bigint | undefined {
    if (json instanceof JsonNumber) {
      const bits = decimalToBits(format, json.text);
      return isInfinite(bits) ? undefined : bits;
    }
    if (json === "NaN") return canonicalNaN;
    if (json === "Infinity") return infinity;
    if (json === "-Infinity") return negativeInfinity;
    return typeof json === "string" && hexPattern.test(json) ? BigInt(json) : undefined;
  }
  return {
    ...arrayStorage,
    name,
    decodeScalar: (bytes) => format.fromBits(readBits(bytes, name, itemSize)),
    encodeScalar(value) {
      if (typeof value !== "number") throw wrongType(name, "a number", value);
      const bits = format.toBits(value);
      if (Number.isFinite(value) && isInfinite(bits)) throw wrongValue(name, `a number in the range of ${name}`, value);
      return writeBits(bits, itemSize);
    },
    parseFill(json, where) {
      const bits = parseBits(json);
      if (bits === undefined) {
        const texts = `"NaN", "Infinity", "-Infinity" or "0x" and ${hexDigits} hexadecimal digits`;
        throw invalid(where, `a number in the range of ${name}, ${texts}`, json);
      }
      return writeBits(bits, itemSize);
    },
    formatFill(bytes) {
      const bits = readBits(bytes, name, itemSize);
      const value = format.fromBits(bits);
      if (bits === canonicalNaN) return "NaN";
      if (Number.isNaN(value)) return `0x${bits.toString(16).padStart(hexDigits, "0")}`;
      return Number.isFinite(value) ? new JsonNumber(shortestDecimal(format, value)) : `${value}`;
    },
  };
}

function isTypedArrayClass(value: unknown): value is TypedArrayClass {
  return typeof value === "function";
}

/** Newer engines (Node 24, browsers since 2025) have `Float16Array`; elsewhere bit patterns in a `Uint16Array` stand in. */
function float16Storage(): Storage {
  const native: unknown = Reflect.get(globalThis, "Float16Array");
  return isTypedArrayClass(native) ? storage(native, 2, { alternative: Uint16Array }) : storage(Uint16Array, 2);
}

export const float32Type: NumericDataType = float("float32", float32, storage(Float32Array, 4));
export const float64Type: NumericDataType = float("float64", float64, storage(Float64Array, 8));

export const numericTypes: readonly NumericDataType[] = [
  bool(),
  integer("int8", Int8Array, 1),
  integer("int16", Int16Array, 2),
  integer("int32", Int32Array, 4),
  integer("int64", BigInt64Array, 8),
  integer("uint8", Uint8Array, 1),
  integer("uint16", Uint16Array, 2),
  integer("uint32", Uint32Array, 4),
  integer("uint64", BigUint64Array, 8),
  float("float16", float16, float16Storage()),
  float32Type,
  float64Type,
];

/**
 * No engine has an array class for it: bit patterns in a `Uint16Array` stand in.
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/bfloat16
 */
export const bfloat16Type: FixedDataType = float("bfloat16", bfloat16, storage(Uint16Array, 2));

export const numericFamilies: readonly DataTypeFamily[] = [...numericTypes, bfloat16Type].map((type) =>
  plainFamily(type),
);
