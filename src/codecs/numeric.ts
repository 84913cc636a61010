/**
 * The data types that codecs calculate with, and their elements as typed arrays.
 *
 * Codecs name the types that they support, so that a type that is added to the library reaches only those that are ready for it.
 */

import type { DataType, DataTypeName } from "../metadata/data_type.js";
import { numberToFloat16Bits } from "../metadata/float.js";
import { unsupported, type Where } from "../metadata/validate.js";

export type IntegerName = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";
export type FloatName = "float16" | "float32" | "float64";
export type RealName = IntegerName | FloatName;
export type NumericName = "bool" | RealName;

export const integerNames: readonly IntegerName[] = [
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
];
export const floatNames: readonly FloatName[] = ["float16", "float32", "float64"];
export const realNames: readonly RealName[] = [...integerNames, ...floatNames];
export const numericNames: readonly NumericName[] = ["bool", ...realNames];

/** Bytes per element. */
export const itemSizes: Readonly<Record<NumericName, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
};

export function isFloat(name: NumericName): name is FloatName {
  return name.startsWith("float");
}

export type WideName = "int64" | "uint64";

export type NarrowName = Exclude<NumericName, WideName>;

/** Whether elements are bigints in JavaScript. */
export function isWide(name: NumericName): name is WideName {
  return name === "int64" || name === "uint64";
}

/** Lowest and highest value. */
export function integerRange(name: IntegerName): readonly [minimum: bigint, maximum: bigint] {
  const bits = BigInt(itemSizes[name] * 8);
  const minimum = name.startsWith("int") ? -(2n ** (bits - 1n)) : 0n;
  return [minimum, minimum + 2n ** bits - 1n];
}

/**
 * The name of `dataType`, which must be one of `supported`.
 *
 * @throws MetadataError `UNSUPPORTED` naming the codec and the data type.
 */
export function expectSupported<Name extends DataTypeName>(
  dataType: DataType,
  supported: readonly Name[],
  codec: string,
  where: Where,
): Name {
  const name = supported.find((each) => each === dataType.name);
  if (name !== undefined) return name;
  throw unsupported(`data type "${dataType.name}" for codec "${codec}"`, where, `one of ${supported.join(", ")}`);
}

/** An array of numbers that is not of 64-bit integers. */
export type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array;
export type BigIntArray = BigInt64Array | BigUint64Array;

/** `bytes` where typed arrays of any type can lie over them: copied if they are not aligned. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}

/** The elements of any type but the wide ones; float16 as bit patterns, bool as bytes. A view of `bytes` if they are aligned. */
export function numbersOf(bytes: Uint8Array, name: NarrowName): NumberArray {
  const { buffer, byteOffset, byteLength } = aligned(bytes);
  const length = byteLength / itemSizes[name];
  switch (name) {
    case "int8":
      return new Int8Array(buffer, byteOffset, length);
    case "int16":
      return new Int16Array(buffer, byteOffset, length);
    case "int32":
      return new Int32Array(buffer, byteOffset, length);
    case "bool":
    case "uint8":
      return new Uint8Array(buffer, byteOffset, length);
    case "uint16":
    case "float16":
      return new Uint16Array(buffer, byteOffset, length);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, length);
    case "float32":
      return new Float32Array(buffer, byteOffset, length);
    case "float64":
      return new Float64Array(buffer, byteOffset, length);
  }
}

/** The elements of a wide type. A view of `bytes` if they are aligned. */
export function bigintsOf(bytes: Uint8Array, name: WideName): BigIntArray {
  const { buffer, byteOffset, byteLength } = aligned(bytes);
  const length = byteLength / 8;
  return name === "int64"
    ? new BigInt64Array(buffer, byteOffset, length)
    : new BigUint64Array(buffer, byteOffset, length);
}

/** The values of binary16 numbers. A NaN keeps its sign and the head of its payload, and is quiet. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  const words = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = half & 0x7c00;
    const fraction = half & 0x3ff;
    if (exponent === 0x7c00) words[i] = sign | 0x7f800000 | (fraction << 13) | (fraction === 0 ? 0 : 0x400000);
    else if (exponent !== 0) words[i] = sign | (((half & 0x7fff) << 13) + 0x38000000);
    else {
      floats[i] = fraction * 2 ** -24;
      words[i]! |= sign;
    }
  }
  return floats;
}

/** The values of any type but the wide ones as doubles, which belong to the caller: loops over one kind of array are several times faster. */
export function doublesOf(bytes: Uint8Array, name: NarrowName): Float64Array {
  const numbers = numbersOf(bytes, name);
  return new Float64Array(name === "float16" ? widenFloat16(Uint16Array.from(numbers)) : numbers);
}

/** The inverse of {@link doublesOf}: integers wrap and lose their fraction, floats are rounded half to even. */
export function bytesOfDoubles(values: Float64Array, name: NarrowName): Uint8Array {
  const bytes = newElements(values.length, name);
  const numbers = numbersOf(bytes, name);
  if (name !== "float16") numbers.set(values);
  else for (let i = 0; i < values.length; i++) numbers[i] = numberToFloat16Bits(values[i]!);
  return bytes;
}

/** The bytes of `count` elements, zero. */
export function newElements(count: number, name: NumericName): Uint8Array {
  return new Uint8Array(count * itemSizes[name]);
}

export function countOf(bytes: Uint8Array, name: NumericName): number {
  return bytes.byteLength / itemSizes[name];
}
