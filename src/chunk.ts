/**
 * What users hand over and receive: chunks of typed data, and how each data type looks in JavaScript.
 */

import { byteStrides, elementCount } from "./codecs/codec.js";
import { chunkCoordinates } from "./codecs/sharding_indexed.js";
import { ArgumentError, DataError } from "./errors.js";
import type {
  BoxedDataType,
  DataType,
  DataTypeName,
  Elements,
  StructRecord,
  TypedArray,
} from "./metadata/data_type.js";
import type { PlainJson } from "./metadata/json.js";
import type { StructArray } from "./metadata/struct_array.js";
import type { Outer } from "./pipeline/tiling.js";

/**
 * The array of each data type. bool is 0 and 1; float16 is a `Float16Array` where the engine has it, else the bit patterns, as bfloat16
 * always is. Complex numbers are pairs of entries, raw bits and bytes as many entries as an element has bytes. Texts, and types of variable
 * size, are JavaScript arrays.
 */
export interface DataTypeArrays {
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float16: Exclude<TypedArray, BigInt64Array | BigUint64Array>;
  float32: Float32Array;
  float64: Float64Array;
  bfloat16: Uint16Array;
  complex64: Float32Array;
  complex128: Float64Array;
  [bits: `r${number}`]: Uint8Array;
  raw_bytes: Uint8Array;
  null_terminated_bytes: string[];
  fixed_length_utf32: string[];
  "numpy.datetime64": BigInt64Array;
  "numpy.timedelta64": BigInt64Array;
  struct: StructArray;
  string: string[];
  bytes: Uint8Array[];
  json: PlainJson[];
}

/** What holds the elements of a data type: a typed array where there is one. */
export type DataOf<D extends DataTypeName> = DataTypeArrays[D];

interface DataTypeScalars {
  bool: boolean;
  int64: bigint;
  uint64: bigint;
  complex64: readonly [number, number];
  complex128: readonly [number, number];
  [bits: `r${number}`]: Uint8Array;
  raw_bytes: Uint8Array;
  null_terminated_bytes: string;
  fixed_length_utf32: string;
  "numpy.datetime64": bigint;
  "numpy.timedelta64": bigint;
  struct: StructRecord;
  string: string;
  bytes: Uint8Array;
  json: PlainJson;
}

/**
 * One element: boolean for bool, bigint for 64-bit integers and times, a pair for complex numbers, string for texts, bytes for byte strings
 * and raw bits, a record for structs, number otherwise.
 */
export type ScalarOf<D extends DataTypeName> = D extends keyof DataTypeScalars ? DataTypeScalars[D] : number;

const kinds = {
  number: ["int8", "int16", "int32", "uint8", "uint16", "uint32", "float16", "float32", "float64"],
  bigint: ["int64", "uint64", "numpy.datetime64", "numpy.timedelta64"],
  boolean: ["bool"],
  string: ["string", "fixed_length_utf32", "null_terminated_bytes"],
} as const;

/** Data types by what JavaScript makes of an element, as zarrita's: those with one entry of that type for each in their array. */
export type DataTypeKind = keyof typeof kinds;

/** The data types that a name or kind stands for. */
export type NamesOf<T extends DataTypeName | DataTypeKind> = T extends DataTypeKind ? (typeof kinds)[T][number] : T;

/** Whether the data type `name` is `type`, or one of that kind. */
export function isOfType(name: DataTypeName, type: DataTypeName | DataTypeKind): boolean {
  const ofKind = Object.entries(kinds).find(([kind]) => kind === type)?.[1];
  return ofKind === undefined ? name === type : ofKind.some((each) => each === name);
}

/** An n-dimensional piece of an array, as zarrita's: `stride` counts elements. */
export interface Chunk<D extends DataTypeName = DataTypeName> {
  readonly data: DataOf<D>;
  readonly shape: number[];
  readonly stride: number[];
}

/** A chunk in C order over fresh memory. */
export function newChunk(dataType: DataType, shape: readonly number[], shared = false): Chunk {
  // The mapping from names to arrays is the data types' own: `allocate` gives what `DataTypeArrays` says.
  const data = dataType.allocate(elementCount(shape), shared) as Chunk["data"];
  return { data, shape: [...shape], stride: byteStrides(shape, 1) };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

function isChunk(value: object): value is { data: unknown; shape: readonly number[]; stride: readonly number[] } {
  return (
    "data" in value &&
    "shape" in value &&
    Array.isArray(value.shape) &&
    "stride" in value &&
    Array.isArray(value.stride)
  );
}

/** An array of a data type whose elements have places, checked. Strides count elements. */
interface Checked {
  readonly data: TypedArray | StructArray | unknown[];
  readonly stride: readonly number[];
}

/**
 * Checks `value`, a chunk or a contiguous array, which must hold `shape` elements. `what` names it in messages.
 *
 * @throws TypeError for data of another type; ArgumentError `INVALID_ARGUMENT` for another shape, or strides that leave the data.
 */
function checkChunk(value: object, shape: readonly number[], dataType: DataType, what: string): Checked {
  const chunk = isChunk(value) ? value : { data: value, shape, stride: byteStrides(shape, 1) };
  const { data } = chunk;
  if (!dataType.accepts(data)) {
    throw new TypeError(
      `${what} must be a ${dataType.arrayName} of ${dataType.name} elements or a chunk of one, not ${describe(data)}`,
    );
  }
  if (!sameShape(chunk.shape, shape)) {
    throw new ArgumentError("INVALID_ARGUMENT", `${what} has the wrong shape`, {
      expected: `[${shape.join(", ")}]`,
      found: `[${chunk.shape.join(", ")}]`,
    });
  }
  const contiguous = data === value;
  let last = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const stride = chunk.stride[axis];
    if (stride === undefined || !Number.isInteger(stride) || stride < 0) {
      throw new ArgumentError("INVALID_ARGUMENT", `${what} has an invalid stride on axis ${axis}`, {
        expected: "a non-negative integer",
        found: String(stride),
      });
    }
    last += stride * (shape[axis]! - 1);
  }
  const count = elementCount(shape);
  const found = data.length / dataType.unitsPerItem;
  if (count > 0 && (contiguous ? count !== found : last >= found)) {
    throw new ArgumentError("INVALID_ARGUMENT", `${what} has the wrong number of elements`, {
      expected: contiguous ? count : `at least ${last + 1}`,
      found,
    });
  }
  return { data, stride: chunk.stride };
}

/** Calls `visit` with the place in the users' array of each element, in C order. */
function forEachPlace(
  shape: readonly number[],
  stride: readonly number[],
  visit: (place: number, i: number) => void,
): void {
  let i = 0;
  const walk = (axis: number, place: number): void => {
    const count = shape[axis];
    if (count === undefined) visit(place, i++);
    else for (let k = 0; k < count; k++) walk(axis + 1, place + k * stride[axis]!);
  };
  walk(0, 0);
}

/** Memory of `shape` for elements that are converted. */
function packedOuter(shape: readonly number[], { itemSize }: BoxedDataType): Outer & { readonly elements: Uint8Array } {
  return {
    elements: new Uint8Array(elementCount(shape) * itemSize),
    offset: 0,
    strides: byteStrides(shape, itemSize),
  };
}

function elementsOf(data: Checked["data"]): Elements {
  if (Array.isArray(data)) return data;
  // Asked so, what has no structs need not know their class.
  if (!ArrayBuffer.isView(data)) return data.bytes;
  // Not a subclass such as `Buffer`, whose methods differ.
  return data.constructor === Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The elements of a chunk or a contiguous array, in place where they need no conversion. */
function outerOf({ data, stride }: Checked, { itemSize }: DataType): Outer {
  return { elements: elementsOf(data), offset: 0, strides: stride.map((each) => each * itemSize) };
}

/** Where a read puts its elements. */
export interface Destination {
  readonly outer: Outer;
  /** Hands over what had to be converted. */
  finish(): void;
}

/** `value`, a chunk or contiguous array that shall receive `shape` elements. Throws as `setValue` does for what cannot. */
export function chunkTarget(value: object, shape: readonly number[], dataType: DataType, what: string): Destination {
  return destinationOf(checkChunk(value, shape, dataType, what), shape, dataType);
}

/** A chunk in C order over fresh memory that shall receive `shape` elements. */
export function newTarget(
  dataType: DataType,
  shape: readonly number[],
  shared: boolean,
): Destination & { readonly chunk: Chunk } {
  const chunk = newChunk(dataType, shape, shared);
  const { outer, finish } = destinationOf(chunk, shape, dataType);
  return { chunk, outer, finish };
}

const nothing = (): void => {};

function destinationOf(checked: Checked, shape: readonly number[], dataType: DataType): Destination {
  const { data, stride } = checked;
  if (!dataType.isBoxed || !Array.isArray(data)) return { outer: outerOf(checked, dataType), finish: nothing };
  const outer = packedOuter(shape, dataType);
  const { itemSize } = dataType;
  return {
    outer,
    finish: () =>
      forEachPlace(shape, stride, (place, i) => {
        data[place] = decodeElement(dataType, outer.elements.subarray(i * itemSize, (i + 1) * itemSize), shape, i);
      }),
  };
}

/** Element `i` of what was read with `shape`. */
function decodeElement(dataType: BoxedDataType, element: Uint8Array, shape: readonly number[], i: number): unknown {
  try {
    return dataType.decodeScalar(element);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { code, reason, expected, found } = error;
    const place = chunkCoordinates(shape, i).join(", ");
    throw new DataError(code, `${reason}, in element [${place}] of the selection`, { expected, found });
  }
}

/** The elements of `value`, a chunk or contiguous array of `shape`. */
export function chunkSource(value: object, shape: readonly number[], dataType: DataType, what: string): Outer {
  const checked = checkChunk(value, shape, dataType, what);
  const { data, stride } = checked;
  if (!dataType.isBoxed || !Array.isArray(data)) return outerOf(checked, dataType);
  const outer = packedOuter(shape, dataType);
  forEachPlace(shape, stride, (place, i) => {
    outer.elements.set(dataType.encodeScalar(data[place]), i * dataType.itemSize);
  });
  return outer;
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}

/** What `set` accepts: one element for all of a selection, or an array of its shape. */
export type Value<D extends DataTypeName = DataTypeName> = ScalarOf<D> | number | Chunk<D> | DataOf<D>;

/** Whether `value` is one element, which is to be repeated. */
function isScalar(value: unknown, shape: readonly number[], dataType: DataType): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (!dataType.hasObjectScalars || isChunk(value)) return false;
  if (!dataType.accepts(value)) return true;
  // The bytes of one element are an array of one element as well.
  return value instanceof Uint8Array && value.length === dataType.itemSize && elementCount(shape) !== 1;
}

/** The elements that a write takes: a scalar is broadcast by strides of zero. */
export function valueSource(value: unknown, shape: readonly number[], dataType: DataType): Outer {
  if (typeof value === "object" && value !== null && !isScalar(value, shape, dataType))
    return chunkSource(value, shape, dataType, "Value");
  return { elements: dataType.encodeScalar(value), offset: 0, strides: shape.map(() => 0) };
}
