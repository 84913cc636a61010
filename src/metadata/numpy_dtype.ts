/**
 * numpy's data types, as Zarr v2 and the configurations of numcodecs spell them: a byte order, a kind and a size in bytes (`<i4`), a unit
 * for times (`<M8[10s]`), a list of fields for structs; a bare name (`float32`) in configurations.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#data-type-encoding
 * https://numpy.org/doc/stable/reference/arrays.interface.html#arrays-interface
 */

import { complexTypes } from "./complex_types.js";
import type { DataType, FixedDataType, ItemDataType, StructDataType } from "./data_type.js";
import { maximumItemSize } from "./data_type_family.js";
import { JsonNumber, type JsonValue, jsonNumber } from "./json.js";
import { numericTypes } from "./numeric_types.js";
import { rawBytes } from "./raw_types.js";
import { type FieldOption, structType } from "./struct_type.js";
import { datetime64, timedelta64, timeUnits } from "./temporal_types.js";
import { fixedLengthUtf32, nullTerminatedBytes } from "./text_types.js";
import { at, expectArray, expectString, invalid, unsupported, type Where } from "./validate.js";

/** "none" where it makes no difference, or where every field of a struct has its own. */
export type ByteOrder = "little" | "big" | "none";

export interface NumpyDtype {
  readonly dataType: ItemDataType;
  /** Of the items as they are stored. */
  readonly byteOrder: ByteOrder;
}

/** Kind and size of the types that have one size. */
const codes: ReadonlyMap<string, string> = new Map([
  ["bool", "b1"],
  ["int8", "i1"],
  ["int16", "i2"],
  ["int32", "i4"],
  ["int64", "i8"],
  ["uint8", "u1"],
  ["uint16", "u2"],
  ["uint32", "u4"],
  ["uint64", "u8"],
  ["float16", "f2"],
  ["float32", "f4"],
  ["float64", "f8"],
  ["complex64", "c8"],
  ["complex128", "c16"],
]);

/** The same types by code. */
const plainTypes: ReadonlyMap<string, FixedDataType> = new Map(
  [...numericTypes, ...complexTypes].flatMap((type) => {
    const code = codes.get(type.name);
    return code === undefined ? [] : [[code, type] as const];
  }),
);

/** Types whose size is counted in units, and what makes them. */
const sized: ReadonlyMap<string, { readonly unit: number; make(length: number): ItemDataType }> = new Map([
  ["S", { unit: 1, make: nullTerminatedBytes }],
  ["V", { unit: 1, make: rawBytes }],
  ["U", { unit: 4, make: fixedLengthUtf32 }],
]);

const timePattern = /^8(?:\[([1-9][0-9]{0,9})?([A-Za-zμ\u00b5]+)\])?$/;

function parseTime(kind: "M" | "m", code: string): ItemDataType | undefined {
  const match = timePattern.exec(code);
  if (match === null) return undefined;
  const [, scale = "1", name = "generic"] = match;
  // The Greek letter, and the micro sign.
  const unit = timeUnits.find((each) => each === name.replace(/^[μ\u00b5]s$/, "us"));
  const scaleFactor = Number(scale);
  if (unit === undefined || scaleFactor >= 2 ** 31) return undefined;
  return kind === "M" ? datetime64(unit, scaleFactor) : timedelta64(unit, scaleFactor);
}

/** The data type of a string without its byte order. */
function parseCode(code: string): ItemDataType | undefined {
  const plain = plainTypes.get(code);
  if (plain !== undefined) return plain;
  const kind = code.charAt(0);
  const rest = code.slice(1);
  if (kind === "M" || kind === "m") return parseTime(kind, rest);
  const family = sized.get(kind);
  if (family === undefined || !/^[1-9][0-9]{0,9}$/.test(rest)) return undefined;
  const length = Number(rest);
  return length * family.unit > maximumItemSize ? undefined : family.make(length);
}

function parseString(text: string, where: Where): NumpyDtype {
  const order = /^[<>|]/.exec(text)?.[0];
  const dataType = parseCode(order === undefined ? (codes.get(text) ?? text) : text.slice(1));
  if (dataType === undefined) {
    const known = [...codes.values(), "S, U or V and a length", "M8 or m8 and a unit"].join(", ");
    throw unsupported(
      `numpy data type ${JSON.stringify(text.slice(0, 60))}`,
      where,
      `a byte order and one of ${known}`,
    );
  }
  if (dataType.swapSize === 1) return { dataType, byteOrder: "none" };
  if (order === "|") throw invalid(where, 'a byte order, "<" or ">"', text);
  return { dataType, byteOrder: order === ">" ? "big" : "little" };
}

function parseField(value: JsonValue, where: Where): FieldOption {
  const list = expectArray(value, where);
  if (list.length === 3) throw unsupported("field with a shape", where);
  if (list.length !== 2) throw invalid(where, "a name and a data type", jsonNumber(list.length));
  const name = expectString(list[0], at(where, 0));
  // numpy fills gaps between fields with fields that have no name.
  if (name === "") throw unsupported("field without a name", where);
  const { dataType, byteOrder } = parseNumpyDtype(list[1], at(where, 1));
  return { name, dataType, isSwapped: byteOrder === "big" };
}

/** Checks what {@link structType} relies on. */
function parseStruct(list: readonly JsonValue[], where: Where): StructDataType {
  const fields = list.map((field, i) => parseField(field, at(where, i)));
  if (fields.length === 0) throw invalid(where, "one field or more", []);
  const known = new Set<string>();
  for (const [i, { name }] of fields.entries()) {
    if (known.has(name)) throw invalid(at(where, i), "unique names", name);
    known.add(name);
  }
  const itemSize = fields.reduce((sum, { dataType }) => sum + dataType.itemSize, 0);
  if (itemSize > maximumItemSize) throw unsupported(`struct of ${itemSize} bytes`, where, `at most ${maximumItemSize}`);
  return structType(fields);
}

/**
 * The `dtype` of an array or a field: a string, or a list of fields. Without a byte order it is little-endian, which is every machine's.
 *
 * @throws MetadataError `UNSUPPORTED` for a type that is none of these, `INVALID_METADATA` for anything else.
 */
export function parseNumpyDtype(value: JsonValue | undefined, where: Where): NumpyDtype {
  if (Array.isArray(value)) return { dataType: parseStruct(value, where), byteOrder: "none" };
  return parseString(expectString(value, where), where);
}

/**
 * The data type of a codec's configuration, of which `null` says nothing. Decoded elements are always little-endian.
 *
 * @throws MetadataError `UNSUPPORTED` for big-endian items.
 */
export function parseCodecDtype(value: JsonValue | undefined, where: Where): DataType | undefined {
  if (value === undefined || value === null) return undefined;
  const { dataType, byteOrder } = parseNumpyDtype(value, where);
  if (byteOrder === "big") throw unsupported(`big-endian data type ${JSON.stringify(value)}`, where);
  return dataType;
}

/** The size in units, or the unit of a time; as checked when the type was made. */
function suffixOf({ name, itemSize, configuration }: ItemDataType): string | undefined {
  switch (name) {
    case "null_terminated_bytes":
      return `S${itemSize}`;
    case "raw_bytes":
      return `V${itemSize}`;
    case "fixed_length_utf32":
      return `U${itemSize / 4}`;
    case "numpy.datetime64":
    case "numpy.timedelta64": {
      const [unit, scale] = [configuration?.get("unit"), configuration?.get("scale_factor")];
      const text = `${scale instanceof JsonNumber && scale.text !== "1" ? scale.text : ""}${unit}`;
      return `${name === "numpy.datetime64" ? "M8" : "m8"}${text === "generic" ? "" : `[${text}]`}`;
    }
    default:
      return codes.get(name);
  }
}

/**
 * The `dtype` that {@link parseNumpyDtype} reads as `dataType`, with every number in `byteOrder`.
 *
 * @throws MetadataError `UNSUPPORTED` for a type that numpy does not have.
 */
export function formatNumpyDtype(dataType: ItemDataType, byteOrder: "little" | "big", where: Where): JsonValue {
  if (dataType.fields !== undefined) {
    return dataType.fields.map((field) => [field.name, formatNumpyDtype(field.dataType, byteOrder, where)]);
  }
  const code = suffixOf(dataType);
  if (code === undefined) throw unsupported(`data type ${dataType.name} in Zarr v2`, where, "one that numpy has");
  if (dataType.swapSize === 1) return `|${code}`;
  return `${byteOrder === "big" ? ">" : "<"}${code}`;
}
