/** Elements in zarrita's kinds, from ours and to ours. Typed arrays are the same in both; bool is another view of the same bytes. */

import * as zarr from "zarrita";
import type { ZarrArray } from "../array.js";
import type { Chunk, Value } from "../chunk.js";
import { RuntimeError } from "../errors.js";
import type { BoxedDataType, DataTypeName } from "../metadata/data_type.js";
import { StructArray } from "../metadata/struct_array.js";

export type TheirData = zarr.Chunk<zarr.DataType>["data"];
export type TheirScalar = zarr.Scalar<zarr.DataType>;

/** Texts of fixed length as the bytes that are stored. */
function packTexts(
  { itemSize, encodeScalar }: BoxedDataType,
  texts: readonly unknown[],
  isShared: boolean,
): ArrayBufferLike {
  const byteLength = texts.length * itemSize;
  const bytes = new Uint8Array(isShared ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength));
  for (const [i, text] of texts.entries()) bytes.set(encodeScalar(text), i * itemSize);
  return bytes.buffer;
}

function textsToTheirs(dataType: BoxedDataType, texts: readonly unknown[], isShared: boolean): TheirData {
  const { itemSize } = dataType;
  const buffer = packTexts(dataType, texts, isShared);
  return dataType.name === "fixed_length_utf32"
    ? new zarr.UnicodeStringArray(itemSize / 4, buffer)
    : new zarr.ByteStringArray(itemSize, buffer);
}

/** The elements of a chunk of `array` as zarrita holds them; `isShared`: those that are packed anew lie in shared memory. */
export function dataToTheirs(
  { metadata: { dataType }, path }: ZarrArray,
  data: Chunk["data"],
  isShared: boolean,
): TheirData {
  if (data instanceof StructArray)
    throw new RuntimeError("UNSUPPORTED", "zarrita has no data type for structs", { key: path });
  if (Array.isArray(data))
    return !dataType.variable && dataType.isBoxed ? textsToTheirs(dataType, data, isShared) : data;
  return dataType.name === "bool" ? new zarr.BoolArray(data.buffer, data.byteOffset, data.length) : data;
}

/** One element of `array` as zarrita gives it: bytes as the UTF-8 text that they are. */
export function scalarToTheirs({ metadata: { dataType } }: ZarrArray, value: TheirScalar): TheirScalar {
  if (dataType.variable || !dataType.isBoxed || dataType.name !== "null_terminated_bytes") return value;
  return new zarr.ByteStringArray(dataType.itemSize, packTexts(dataType, [value], false)).get(0);
}

/** Bytes up to the nulls at their end, as text of one character each: so do ours look. */
function bytesToOurs(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join("")
    .replace(/\0+$/, "");
}

function byteStringsToOurs({ buffer, byteOffset, byteLength, chars }: zarr.ByteStringArray): string[] {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return Array.from({ length: byteLength / chars }, (_, i) => bytesToOurs(bytes.subarray(i * chars, (i + 1) * chars)));
}

function dataToOurs(data: TheirData): unknown {
  if (data instanceof zarr.BoolArray) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof zarr.UnicodeStringArray) return [...data];
  if (data instanceof zarr.ByteStringArray) return byteStringsToOurs(data);
  return data;
}

function isChunk(value: unknown): value is zarr.Chunk<zarr.DataType> {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value && "stride" in value;
}

function toOurs(value: unknown, dataType: DataTypeName): unknown {
  if (isChunk(value)) return { ...value, data: dataToOurs(value.data) };
  if (dataType === "null_terminated_bytes" && typeof value === "string")
    return bytesToOurs(new TextEncoder().encode(value));
  return value;
}

/** What zarrita's `set` takes, as ours does. */
export function valueToOurs({ dataType }: ZarrArray, value: TheirScalar | zarr.Chunk<zarr.DataType>): Value {
  // zarrita's objects may be anything; `set` checks what it is given against the data type.
  return toOurs(value, dataType) as Value;
}
