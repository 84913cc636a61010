/** One or more data types of each family whose elements have a fixed size, and random elements of them. */

import type { DataTypeOption } from "../../src/index.js";
import { dataTypeFromOption, type ItemDataType, type NumericDataTypeName } from "../../src/metadata/data_type.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";
import type { StructArray } from "../../src/metadata/struct_array.js";
import { generator } from "./arbitraries.js";

type Random = ReturnType<typeof generator>;

export interface Sample {
  readonly option: DataTypeOption;
  readonly type: ItemDataType;
  /** A random element, little-endian. */
  element(random: Random): Uint8Array;
  /** Offset and size of every number that has a byte order. */
  readonly numbers: readonly (readonly [offset: number, size: number])[];
}

type Part = Pick<Sample, "option" | "element" | "numbers">;

const anyBytes =
  (length: number) =>
  (random: Random): Uint8Array =>
    Uint8Array.from({ length }, () => random() & 255);

/** `count` numbers of `size` bytes each; of one byte, no numbers. */
function numeric(option: DataTypeOption, size: number, count = 1): Part {
  const numbers = size === 1 ? [] : Array.from({ length: count }, (_, i) => [i * size, size] as const);
  return { option, element: anyBytes(size * count), numbers };
}

const sized = (name: "raw_bytes" | "null_terminated_bytes" | "fixed_length_utf32", length_bytes: number) =>
  ({ name, configuration: { length_bytes } }) as const;

const codePoints = [0x41, 0xe9, 0x4e2d, 0xd7ff, 0xe000, 0xfffd, 0x1f600, 0x10ffff, 0, 1];

function utf32(characters: number): Part {
  const element = (random: Random): Uint8Array => {
    const bytes = new Uint8Array(characters * 4);
    const view = new DataView(bytes.buffer);
    const used = random() % (characters + 1);
    for (let i = 0; i < used; i++) view.setUint32(i * 4, codePoints[random() % codePoints.length]!, true);
    return bytes;
  };
  return { ...numeric(sized("fixed_length_utf32", characters * 4), 4, characters), element };
}

function time(name: "numpy.datetime64" | "numpy.timedelta64", unit: string, scale_factor: number): Part {
  return numeric({ name, configuration: { unit, scale_factor } }, 8);
}

function struct(fields: Readonly<Record<string, Part>>): Part {
  const parts = Object.entries(fields);
  const sizes = parts.map(([, part]) => part.element(() => 0).length);
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  return {
    option: {
      name: "struct",
      configuration: { fields: parts.map(([name, { option }]) => ({ name, data_type: option })) },
    },
    element: (random) => Uint8Array.from(parts.flatMap(([, part]) => [...part.element(random)])),
    numbers: parts.flatMap(([, { numbers }], i) =>
      numbers.map(([offset, size]) => [offsets[i]! + offset, size] as const),
    ),
  };
}

const bool: Part = { option: "bool", element: (random) => Uint8Array.of(random() & 1), numbers: [] };
const point = struct({ x: numeric("float32", 4), y: numeric("float32", 4) });
const mixed = struct({
  id: numeric("int16", 2),
  flag: bool,
  text: utf32(2),
  z: numeric("complex64", 4, 2),
  point,
  raw: numeric("r24", 1, 3),
  code: numeric(sized("null_terminated_bytes", 3), 1, 3),
  when: time("numpy.datetime64", "s", 1),
  half: numeric("float16", 2),
  big: numeric("uint64", 8),
});

const parts: Readonly<Record<string, Part>> = {
  bfloat16: numeric("bfloat16", 2),
  complex64: numeric("complex64", 4, 2),
  complex128: numeric("complex128", 8, 2),
  r8: numeric("r8", 1),
  r24: numeric("r24", 1, 3),
  r96: numeric("r96", 1, 12),
  "13 raw bytes": numeric(sized("raw_bytes", 13), 1, 13),
  "1000 raw bytes": numeric(sized("raw_bytes", 1000), 1, 1000),
  "5 characters": numeric(sized("null_terminated_bytes", 5), 1, 5),
  "3 Unicode characters": utf32(3),
  "13 Unicode characters": utf32(13),
  datetime: time("numpy.datetime64", "ns", 1),
  timedelta: time("numpy.timedelta64", "generic", 10),
  "a struct of numbers of one size": point,
  "a struct of bytes": struct({ a: numeric("uint8", 1), b: numeric(sized("raw_bytes", 2), 1, 2) }),
  "a struct of all sorts": mixed,
};

/** Of the data types beyond the twelve numeric ones. */
export const namedSamples: readonly (readonly [string, Sample])[] = Object.entries(parts).map(([name, part]) => [
  name,
  { ...part, type: typeOf(part.option) },
]);

export const dataTypeNames: readonly NumericDataTypeName[] = numericTypes.map(({ name }) => name);

/** Of the twelve numeric data types, by name. */
export const numericSamples: readonly (readonly [NumericDataTypeName, Sample])[] = numericTypes.map((type) => [
  type.name,
  { ...(type.name === "bool" ? bool : numeric(type.name, type.itemSize)), type },
]);

export function sampleOf(name: string): Sample {
  const found = namedSamples.find(([each]) => each === name)?.[1];
  if (found === undefined) throw new RangeError(`no sample "${name}"`);
  return found;
}

function typeOf(option: DataTypeOption): ItemDataType {
  const type = dataTypeFromOption(option);
  if (type.variable) throw new TypeError("these tests are about elements of fixed size");
  return type;
}

/** `count` elements; often runs of `fill`. */
export function randomElements({ element, type }: Sample, fill: Uint8Array, count: number, seed: number): Uint8Array {
  const random = generator(seed);
  const kind = random() % 4;
  const bytes = new Uint8Array(count * type.itemSize);
  for (let i = 0; i < count; i++) {
    const isFill = kind === 0 || (kind === 1 && random() % 4 !== 0);
    bytes.set(isFill ? fill : element(random), i * type.itemSize);
  }
  return bytes;
}

/** The users' array of the type. */
export type Data = ReturnType<ItemDataType["allocate"]>;

function rawBytesOf(data: Exclude<Data, unknown[]>): Uint8Array {
  return "bytes" in data ? (data as StructArray).bytes : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Puts the bytes of one element at a place of the users' array. */
export function putElement(type: ItemDataType, data: Data, place: number, element: Uint8Array): void {
  if (Array.isArray(data)) data[place] = type.decodeScalar(element);
  else rawBytesOf(data).set(element, place * type.itemSize);
}

export function takeElement(type: ItemDataType, data: Data, place: number): Uint8Array {
  return Array.isArray(data)
    ? type.encodeScalar(data[place])
    : rawBytesOf(data).slice(place * type.itemSize, (place + 1) * type.itemSize);
}

/** The users' array of these elements. */
export function dataOf(type: ItemDataType, bytes: Uint8Array): Data {
  const count = bytes.byteLength / type.itemSize;
  const data = type.allocate(count);
  for (let i = 0; i < count; i++) putElement(type, data, i, bytes.subarray(i * type.itemSize, (i + 1) * type.itemSize));
  return data;
}

/** The bytes of all elements of a users' array. */
export function bytesOfData(type: ItemDataType, data: Data): Uint8Array {
  if (!Array.isArray(data)) return rawBytesOf(data).slice();
  return Uint8Array.from(data.flatMap((value) => [...type.encodeScalar(value)]));
}

/** `bytes` with every number in the other byte order. */
export function otherByteOrder({ numbers, type }: Sample, bytes: Uint8Array): Uint8Array {
  const swapped = bytes.slice();
  for (let start = 0; start < bytes.length; start += type.itemSize) {
    for (const [offset, size] of numbers) swapped.subarray(start + offset, start + offset + size).reverse();
  }
  return swapped;
}
