/**
 * The data types of fixed size: their JavaScript arrays, their scalars, and their fill values as JSON.
 *
 * A scalar's bytes are always little-endian here, whatever the machine; the `bytes` codec is what knows about stored byte order.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html
 */

import { ArgumentError, type MetadataError } from "../errors.js";
import { decimalToBits, type FloatFormat, float16, float32, float64, shortestDecimal } from "./float.js";
import { JsonNumber, type JsonValue, jsonNumber } from "./json.js";
import { at, invalid, parseNamedMandatory, rejectUnknownFields, unsupported, type Where } from "./validate.js";

export { float16ToNumber, numberToFloat16Bits } from "./float.js";

/** `Float16Array` where the program's TypeScript library has it, else nothing. */
type Float16ArrayIfKnown = typeof globalThis extends { Float16Array: abstract new (...args: never[]) => infer Instance }
  ? Instance
  : never;

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16ArrayIfKnown
  | Float32Array
  | Float64Array;

/** One element: boolean for bool, bigint for int64 and uint64, number for the other numeric types. */
export type Scalar = number | bigint | boolean | string;

export type DataTypeName =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float16"
  | "float32"
  | "float64";

/** A data type whose elements all have the same size. */
export interface DataType {
  readonly name: DataTypeName;
  /** Elements have a fixed size and their decoded form is a typed array. */
  readonly variable: false;
  /** Bytes per element. */
  readonly itemSize: number;
  /** Bytes that change order together when the byte order changes; 1 = byte order does not matter. */
  readonly swapSize: number;
  /** A zeroed array of `length` elements; over a SharedArrayBuffer if `shared`. */
  allocate(length: number, shared?: boolean): TypedArray;
  /** An array over existing bytes. `byteOffset` must be a multiple of `itemSize`. */
  view(buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
  /**
   * Whether `value` is an array of this type: `Uint8Array` for bool; for float16 `Float16Array` (where the engine has it; `allocate`
   * and `view` then give that) or a `Uint16Array` of bit patterns.
   */
  accepts(value: unknown): value is TypedArray;
  /** The element held by exactly `itemSize` bytes at any alignment. */
  decodeScalar(bytes: Uint8Array): Scalar;
  /**
   * The bytes of one element. Integer types take integral numbers and bigints, float types numbers, bool booleans and 0 or 1.
   *
   * @throws ArgumentError `INVALID_ARGUMENT` if the type cannot hold the value: out of range, a fraction, a finite number that would
   * become an infinity.
   * @throws TypeError if `value` is of another type.
   */
  encodeScalar(value: unknown): Uint8Array;
  /** Zero or false. */
  defaultFill(): Uint8Array;
  /** @throws MetadataError `INVALID_METADATA` if `json` is no fill value of this type. */
  parseFill(json: JsonValue | undefined, where: Where): Uint8Array;
  /** The canonical JSON form of `itemSize` bytes; {@link DataType.parseFill} gives the same bytes back. */
  formatFill(bytes: Uint8Array): JsonValue;
}

interface TypedArrayClass {
  readonly name: string;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

type Storage = Pick<DataType, "variable" | "itemSize" | "swapSize" | "allocate" | "view" | "accepts" | "defaultFill">;

function storage(arrayClass: TypedArrayClass, itemSize: number, alternative?: TypedArrayClass): Storage {
  // By tag and not by instanceof, so that arrays of another realm (a frame, node:vm) are accepted.
  const tags = [`[object ${arrayClass.name}]`, `[object ${(alternative ?? arrayClass).name}]`];
  return {
    variable: false,
    itemSize,
    swapSize: itemSize,
    allocate: (length, shared = false) =>
      shared ? new arrayClass(new SharedArrayBuffer(length * itemSize)) : new arrayClass(length),
    view: (buffer, byteOffset, length) => new arrayClass(buffer, byteOffset, length),
    accepts: (value): value is TypedArray =>
      ArrayBuffer.isView(value) && tags.includes(Object.prototype.toString.call(value)),
    defaultFill: () => new Uint8Array(itemSize),
  };
}

/** The little-endian unsigned integer in `bytes`, which must be `itemSize` long. */
function readBits(bytes: Uint8Array, name: DataTypeName, itemSize: number): bigint {
  if (bytes.length !== itemSize) {
    throw new ArgumentError("INVALID_ARGUMENT", `Wrong number of bytes for ${name}`, {
      expected: itemSize,
      found: bytes.length,
    });
  }
  const padded = new Uint8Array(8);
  padded.set(bytes);
  return new DataView(padded.buffer).getBigUint64(0, true);
}

/** The low `itemSize` bytes of `bits`, little-endian. */
function writeBits(bits: bigint, itemSize: number): Uint8Array {
  const padded = new Uint8Array(8);
  new DataView(padded.buffer).setBigUint64(0, BigInt.asUintN(64, bits), true);
  return padded.slice(0, itemSize);
}

function wrongType(name: DataTypeName, expected: string, value: unknown): TypeError {
  const found = value === null ? "null" : typeof value;
  return new TypeError(`Value for ${name} must be ${expected}, not ${found}`);
}

function wrongValue(name: DataTypeName, expected: string, value: number | bigint): ArgumentError {
  return new ArgumentError("INVALID_ARGUMENT", `Value does not fit ${name}`, { expected, found: `${value}` });
}

function bool(): DataType {
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

function integer(name: DataTypeName, arrayClass: TypedArrayClass, itemSize: number): DataType {
  const bits = itemSize * 8;
  const isSigned = name.startsWith("int");
  const minimum = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  const maximum = minimum + 2n ** BigInt(bits) - 1n;
  const range = `an integer from ${minimum} to ${maximum}`;
  const inRange = (value: bigint): boolean => value >= minimum && value <= maximum;

  function decode(bytes: Uint8Array): bigint {
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

function float(name: DataTypeName, format: FloatFormat, arrayStorage: Storage): DataType {
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
  return isTypedArrayClass(native) ? storage(native, 2, Uint16Array) : storage(Uint16Array, 2);
}

export const dataTypes: readonly DataType[] = [
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
  float("float32", float32, storage(Float32Array, 4)),
  float("float64", float64, storage(Float64Array, 8)),
];

function findDataType(name: string): DataType | undefined {
  return dataTypes.find((dataType) => dataType.name === name);
}

function unsupportedDataType(name: string, where: Where): MetadataError {
  const names = dataTypes.map((dataType) => dataType.name).join(", ");
  return unsupported(`data type ${JSON.stringify(name)}`, where, `one of ${names}`);
}

/** @throws MetadataError `UNSUPPORTED` for a name that is not in {@link dataTypes}. */
export function dataTypeByName(name: string): DataType {
  const dataType = findDataType(name);
  if (dataType === undefined) throw unsupportedDataType(name, { field: "dataType" });
  return dataType;
}

/**
 * The `data_type` field of an array document: a bare name or the object form.
 *
 * @throws MetadataError `UNSUPPORTED` for a name that is not in {@link dataTypes}.
 */
export function parseDataType(value: JsonValue | undefined, where: Where): DataType {
  const { name, configuration } = parseNamedMandatory(value, where);
  const dataType = findDataType(name);
  if (dataType === undefined) throw unsupportedDataType(name, where);
  rejectUnknownFields(configuration, [], at(where, "configuration"));
  return dataType;
}
