/**
 * What users hand over and receive: chunks of typed data, and how each data type looks in JavaScript.
 */

import { byteStrides, elementCount } from "./codecs/codec.js";
import { ArgumentError } from "./errors.js";
import type { DataType, DataTypeName, TypedArray } from "./metadata/data_type.js";
import type { Outer } from "./pipeline/tiling.js";

/** The typed array of each data type. bool is 0 and 1; float16 is a `Float16Array` where the engine has it, else the bit patterns. */
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
}

export type TypedArrayOf<D extends DataTypeName> = DataTypeArrays[D];

/** One element: boolean for bool, bigint for 64-bit integers, number otherwise. */
export type ScalarOf<D extends DataTypeName> = D extends "bool"
  ? boolean
  : D extends "int64" | "uint64"
    ? bigint
    : number;

/** An n-dimensional piece of an array, as zarrita's: `stride` counts elements. */
export interface Chunk<D extends DataTypeName = DataTypeName> {
  readonly data: TypedArrayOf<D>;
  readonly shape: number[];
  readonly stride: number[];
}

/** A chunk in C order over fresh, zeroed memory. */
export function newChunk(dataType: DataType, shape: readonly number[], shared = false): Chunk {
  const data = dataType.allocate(elementCount(shape), shared);
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

/**
 * Brings `value`, a chunk or a contiguous typed array that must hold `shape` elements, into byte terms. `what` names it in messages.
 *
 * @throws TypeError for data of another type; ArgumentError `INVALID_ARGUMENT` for another shape, or strides that leave the data.
 */
export function chunkTarget(value: object, shape: readonly number[], dataType: DataType, what: string): Outer {
  const { itemSize } = dataType;
  const chunk = isChunk(value) ? value : { data: value, shape, stride: byteStrides(shape, 1) };
  const { data } = chunk;
  if (!dataType.accepts(data)) {
    const expected = dataType.allocate(0).constructor.name;
    throw new TypeError(
      `${what} must be a ${expected} of ${dataType.name} elements or a chunk of one, not ${describe(data)}`,
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
  if (count > 0 && (contiguous ? count !== data.length : last >= data.length)) {
    throw new ArgumentError("INVALID_ARGUMENT", `${what} has the wrong number of elements`, {
      expected: contiguous ? count : `at least ${last + 1}`,
      found: data.length,
    });
  }
  return {
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    offset: 0,
    strides: chunk.stride.map((stride) => stride * itemSize),
  };
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}

/** What {@link setValue} accepts: one element for all of the selection, or an array of its shape. */
export type Value<D extends DataTypeName = DataTypeName> = ScalarOf<D> | number | Chunk<D> | TypedArrayOf<D>;

/** The elements that a write takes: a scalar is broadcast by strides of zero. */
export function valueSource(value: unknown, shape: readonly number[], dataType: DataType): Outer {
  if (typeof value === "object" && value !== null) return chunkTarget(value, shape, dataType, "Value");
  return { bytes: dataType.encodeScalar(value), offset: 0, strides: shape.map(() => 0) };
}
