/**
 * Data types: how elements look in JavaScript, how one is written as bytes, and how fill values are written as JSON.
 *
 * Types of fixed size have little-endian bytes behind them, whatever the machine; the `bytes` codec is what knows about stored byte order.
 * Types of variable size have a JavaScript array. {@link Elements} is either, and all that chunk code needs to know.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html
 */

import { dataTypeFamilies, lazyFamilies } from "./data_type_families.js";
import type { DataTypeFamily } from "./data_type_family.js";
import { fromPlain, type JsonObject, type JsonValue, type PlainJson } from "./json.js";
import type { StructArray } from "./struct_array.js";
import { type NamedConfiguration, parseNamedMandatory, unsupported, type Where } from "./validate.js";

export { dataTypeFamilies, lazyFamilies } from "./data_type_families.js";
export { formatDataType } from "./data_type_family.js";
export { float16ToNumber, numberToFloat16Bits } from "./float.js";

/** `Float16Array` where the program's TypeScript library has it, else nothing. */
type Float16ArrayIfKnown = typeof globalThis extends { Float16Array: abstract new (...args: never[]) => infer Instance }
  ? Instance
  : never;

/** The typed arrays that elements of numbers come in. */
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

/**
 * One element: boolean for bool, bigint for 64-bit integers and times, number for the other numeric types, a pair for complex numbers,
 * string for text, bytes for byte strings and raw bits, a record for structs.
 */
export type Scalar = Uint8Array | readonly [number, number] | StructRecord | PlainJson;

/** One element of a struct: the scalar of each field, by name. */
export interface StructRecord {
  readonly [field: string]: Scalar;
}

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

/** Every name that the data type of an array can have: aliases in documents are read as the name they stand for. */
export type DataTypeName =
  | NumericDataTypeName
  | "bfloat16"
  | "complex64"
  | "complex128"
  | `r${number}`
  | "raw_bytes"
  | "null_terminated_bytes"
  | "fixed_length_utf32"
  | "numpy.datetime64"
  | "numpy.timedelta64"
  | "struct"
  | "string"
  | "bytes"
  | "json";

/** Numbers of one size that follow one another in an element. */
export interface NumberRun {
  /** In bytes from the element's start. */
  readonly offset: number;
  /** Bytes of one number: these change order together. */
  readonly size: number;
  readonly count: number;
  /** Stored in the other byte order than the codec says, as one field of a Zarr v2 struct may be. */
  readonly isSwapped: boolean;
}

/** What types of fixed and of variable size have in common. `E` is what chunk code sees, `A` what users do. */
interface DataTypeBase<E extends Elements, A> {
  readonly name: DataTypeName;
  /** As in the document; absent where the name says all. */
  readonly configuration?: JsonObject;
  /** Bytes per element; 1 where elements are entries of an array. */
  readonly itemSize: number;
  /**
   * Bytes that change order together when the byte order changes, throughout the element; 1 = byte order does not matter. Where that
   * differs within an element: the numbers that have a byte order.
   */
  readonly swapSize: number | readonly NumberRun[];
  /** Entries of the users' array per element: 2 where complex numbers are pairs. */
  readonly unitsPerItem: number;
  /** Name of the class of the users' array, for messages. */
  readonly arrayName: string;
  /** An array of `length` default elements; over a SharedArrayBuffer if `shared` and the type has bytes. */
  allocate(length: number, shared?: boolean): A;
  /** Whether `value` is an array of this type. */
  accepts(value: unknown): value is A;
  /** Whether single elements are objects too: pairs, bytes, records, any JSON value. */
  readonly hasObjectScalars: boolean;
  /** The value of one element. */
  decodeScalar(element: Elements): Scalar;
  /**
   * One element. Integer types take integral numbers and bigints, float types numbers, bool booleans and 0 or 1, complex types pairs and
   * numbers.
   *
   * @throws ArgumentError `INVALID_ARGUMENT` if the type cannot hold the value: out of range, a fraction, a finite number that would
   * become an infinity, a text that is too long.
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

/** A data type of fixed size whose users' array has the very bytes of its elements. */
interface FixedDataTypeBase<A> extends DataTypeBase<Uint8Array, A> {
  readonly variable: false;
  readonly isBoxed: false;
  /** An array over existing bytes. `byteOffset` must be a multiple of the size of its units. */
  view(buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** A data type whose elements are in a typed array. */
export interface FixedDataType extends FixedDataTypeBase<TypedArray> {
  readonly swapSize: number;
  readonly fields?: undefined;
}

/** A data type of named fields, packed one after another. */
export interface StructDataType extends FixedDataTypeBase<StructArray> {
  readonly name: "struct";
  readonly fields: readonly StructField[];
  /** As {@link encodeScalar}, with `encode` in the place of that of each field's type. */
  encodeRecord(value: unknown, encode: (dataType: ItemDataType, member: unknown) => Uint8Array): Uint8Array;
}

export interface StructField {
  readonly name: string;
  readonly dataType: ItemDataType;
  /** In bytes from the element's start. */
  readonly offset: number;
}

/** A data type of fixed size whose elements users see as an array of JavaScript values: they are converted one by one. */
export interface BoxedDataType extends DataTypeBase<Uint8Array, unknown[]> {
  readonly variable: false;
  readonly isBoxed: true;
  readonly swapSize: number;
  readonly fields?: undefined;
}

/** Any data type of fixed size. */
export type ItemDataType = FixedDataType | BoxedDataType | StructDataType;

/** A data type whose elements differ in size: users and chunk code see one JavaScript array. */
export interface VariableDataType extends DataTypeBase<unknown[], unknown[]> {
  readonly variable: true;
  readonly isBoxed: false;
  readonly itemSize: 1;
  readonly swapSize: 1;
  readonly fields?: undefined;
  /** Whether two elements are the same to the bit. */
  equals(a: unknown, b: unknown): boolean;
}

/** A data type with one typed-array entry per element. */
export interface NumericDataType extends FixedDataType {
  readonly name: NumericDataTypeName;
  decodeScalar(element: Elements): number | bigint | boolean;
}

export type DataType = ItemDataType | VariableDataType;

/** `byteLength` bytes of zeros, or as many default entries of a type of variable size. */
export function newElements(dataType: DataType, byteLength: number): Elements {
  return dataType.variable ? dataType.allocate(byteLength) : new Uint8Array(byteLength);
}

function findFamily(name: string): DataTypeFamily | undefined {
  const isIt = (family: DataTypeFamily): boolean => family.name === name || family.aliases?.includes(name) === true;
  const lazy = lazyFamilies.find(({ names, aliases }) => names.includes(name) || aliases?.includes(name));
  return dataTypeFamilies.find(isIt) ?? lazy?.families.get(`The data type ${name} is`).find(isIt);
}

function resolve(named: NamedConfiguration, where: Where): DataType {
  const { name } = named;
  const family = findFamily(/^r[0-9]+$/.test(name) ? "r*" : name);
  if (family === undefined) {
    const names = [...dataTypeFamilies.map((each) => each.name), ...lazyFamilies.flatMap((each) => each.names)];
    throw unsupported(`data type ${JSON.stringify(name)}`, where, `one of ${names.join(", ")}`);
  }
  return family.parse(named, where, parseDataType);
}

/** Loads the data types that are held apart. */
export async function loadDataTypes(): Promise<void> {
  await Promise.all(lazyFamilies.map(({ families }) => families.load()));
}

/** @throws MetadataError `UNSUPPORTED` for an unknown name, `INVALID_METADATA` for the name of a type that needs a configuration. */
export function dataTypeByName(name: NumericDataTypeName): NumericDataType;
export function dataTypeByName(name: string): DataType;
export function dataTypeByName(name: string): DataType {
  return parseDataType(name, { field: "dataType" });
}

/**
 * The `data_type` field of an array document: a bare name or the object form.
 *
 * @throws MetadataError `UNSUPPORTED` for an unknown name, `INVALID_METADATA` for a configuration that is not the type's.
 */
export function parseDataType(value: JsonValue | undefined, where: Where): DataType {
  return resolve(parseNamedMandatory(value, where), where);
}

/** A data type by its bare name, or with its configuration as in `zarr.json`. */
export type DataTypeOption<D extends DataTypeName = DataTypeName> =
  | D
  | { readonly name: D; readonly configuration?: Readonly<Record<string, unknown>> | undefined };

/** The data type that a caller asks for. Throws as {@link parseDataType} does. */
export function dataTypeFromOption(option: DataTypeOption): DataType {
  const isBare = typeof option === "object" && option !== null && option.configuration === undefined;
  return parseDataType(fromPlain(isBare ? { ...option, configuration: {} } : option), { field: "dataType" });
}
