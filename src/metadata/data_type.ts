/**
 * Data types: how elements look in JavaScript, how one is written as bytes, and how fill values are written as JSON.
 *
 * Types of fixed size have little-endian bytes behind them, whatever the machine; the `bytes` codec is what knows about stored byte order.
 * Types of variable size have a JavaScript array. {@link Elements} is either, and all that chunk code needs to know.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html
 */

import type { MetadataError } from "../errors.js";
import type { JsonObject, JsonValue, PlainJson } from "./json.js";
import { numericTypes } from "./numeric_types.js";
import { at, parseNamedMandatory, rejectUnknownFields, unsupported, type Where } from "./validate.js";
import { variableTypes } from "./variable_types.js";

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

/**
 * Elements where chunk code works: bytes, `itemSize` of them for each element; for types of variable size an array with one entry for each.
 * Offsets and strides "in bytes" count entries there, whose `itemSize` is 1.
 */
export type Elements = Uint8Array | unknown[];

/** One element: boolean for bool, bigint for int64 and uint64, number for the other numeric types, string for text, bytes for bytes. */
export type Scalar = Uint8Array | PlainJson;

/** Types with one typed-array entry per element. */
export type NumericDataTypeName =
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

export type DataTypeName = NumericDataTypeName | "string" | "bytes" | "json";

/** What types of fixed and of variable size have in common. `E` is what chunk code sees, `A` what users do. */
interface DataTypeBase<E extends Elements, A> {
  readonly name: DataTypeName;
  /** As in the document; absent where the name says all. */
  readonly configuration?: JsonObject;
  /** Bytes per element; 1 where elements are entries of an array. */
  readonly itemSize: number;
  /** Bytes that change order together when the byte order changes; 1 = byte order does not matter. */
  readonly swapSize: number;
  /** Entries of the users' array per element: 2 where complex numbers are pairs. */
  readonly unitsPerItem: number;
  /** Name of the class of the users' array, for messages. */
  readonly arrayName: string;
  /** An array of `length` default elements; over a SharedArrayBuffer if `shared` and the type has bytes. */
  allocate(length: number, shared?: boolean): A;
  /** Whether `value` is an array of this type. */
  accepts(value: unknown): value is A;
  /** The value of one element. */
  decodeScalar(element: Elements): Scalar;
  /**
   * One element. Integer types take integral numbers and bigints, float types numbers, bool booleans and 0 or 1.
   *
   * @throws ArgumentError `INVALID_ARGUMENT` if the type cannot hold the value: out of range, a fraction, a finite number that would
   * become an infinity.
   * @throws TypeError if `value` is of another type.
   */
  encodeScalar(value: unknown): E;
  /** Zero, false or empty: one element. */
  defaultFill(): E;
  /** @throws MetadataError `INVALID_METADATA` if `json` is no fill value of this type. */
  parseFill(json: JsonValue | undefined, where: Where): E;
  /** The canonical JSON form of one element; {@link DataType.parseFill} gives the same element back. */
  formatFill(element: Elements): JsonValue;
}

/** A data type whose elements all have the same size. */
export interface FixedDataType extends DataTypeBase<Uint8Array, TypedArray> {
  readonly variable: false;
  readonly isBoxed: false;
  /** An array over existing bytes. `byteOffset` must be a multiple of the size of its units. */
  view(buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

/** A data type of fixed size whose elements users see as an array of JavaScript values: they are converted one by one. */
export interface BoxedDataType extends DataTypeBase<Uint8Array, unknown[]> {
  readonly variable: false;
  readonly isBoxed: true;
}

/** A data type whose elements differ in size: users and chunk code see one JavaScript array. */
export interface VariableDataType extends DataTypeBase<unknown[], unknown[]> {
  readonly variable: true;
  readonly isBoxed: false;
  readonly itemSize: 1;
  readonly swapSize: 1;
  /** Whether two elements are the same to the bit. */
  equals(a: unknown, b: unknown): boolean;
}

/** A data type with one typed-array entry per element. */
export interface NumericDataType extends FixedDataType {
  readonly name: NumericDataTypeName;
  decodeScalar(element: Elements): number | bigint | boolean;
}

export type DataType = FixedDataType | BoxedDataType | VariableDataType;

/** `byteLength` bytes of zeros, or as many default entries of a type of variable size. */
export function newElements(dataType: DataType, byteLength: number): Elements {
  return dataType.variable ? dataType.allocate(byteLength) : new Uint8Array(byteLength);
}

export const dataTypes: readonly DataType[] = [...numericTypes, ...variableTypes];

function findDataType(name: string): DataType | undefined {
  return dataTypes.find((dataType) => dataType.name === name);
}

function unsupportedDataType(name: string, where: Where): MetadataError {
  const names = dataTypes.map((dataType) => dataType.name).join(", ");
  return unsupported(`data type ${JSON.stringify(name)}`, where, `one of ${names}`);
}

/** @throws MetadataError `UNSUPPORTED` for a name that is not in {@link dataTypes}. */
export function dataTypeByName(name: NumericDataTypeName): NumericDataType;
export function dataTypeByName(name: string): DataType;
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
