/**
 * numpy's data type strings, as the configurations of numcodecs and Zarr v2 spell them: a byte order, a kind and a size in bytes (`<i4`),
 * or a name (`float32`).
 *
 * https://numpy.org/doc/stable/reference/arrays.interface.html#arrays-interface
 */

import { type DataType, type DataTypeName, dataTypeByName } from "./data_type.js";
import type { JsonValue } from "./json.js";
import { expectString, unsupported, type Where } from "./validate.js";

export type ByteOrder = "little" | "big" | "none";

export interface NumpyDtype {
  readonly dataType: DataType;
  /** Of the items as they are stored; "none" where it makes no difference. */
  readonly byteOrder: ByteOrder;
}

/** Kind and size, without the byte order. */
const names: ReadonlyMap<string, DataTypeName> = new Map([
  ["b1", "bool"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
]);

/** @throws MetadataError `UNSUPPORTED` for a string that is none of these. */
export function parseNumpyDtype(value: JsonValue | undefined, where: Where): NumpyDtype {
  const text = expectString(value, where);
  const code = /^[<>|]/.test(text) ? text.slice(1) : text;
  const name = names.get(code) ?? [...names.values()].find((each) => each === text);
  if (name === undefined) {
    throw unsupported(
      `numpy data type ${JSON.stringify(text.slice(0, 60))}`,
      where,
      `a byte order and one of ${[...names.keys()].join(", ")}`,
    );
  }
  const dataType = dataTypeByName(name);
  if (dataType.swapSize === 1) return { dataType, byteOrder: "none" };
  return { dataType, byteOrder: text.startsWith(">") ? "big" : "little" };
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
