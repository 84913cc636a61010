/**
 * Fill values in documents of Zarr v2: as those of v3, but for bytes and structs, which are base64 text, and for what zarr-python has written
 * over the years.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#fill-value-encoding
 */

import { decodeBase64, encodeBase64 } from "./base64.js";
import type { DataType, Elements, StructDataType } from "./data_type.js";
import { JsonNumber, type JsonValue, jsonNumber } from "./json.js";
import { at, invalid, unsupported, type Where } from "./validate.js";

/** Types whose fill value can be no number; in their documents any number stands for "empty". */
const withoutNumbers: readonly string[] = [
  "string",
  "bytes",
  "null_terminated_bytes",
  "fixed_length_utf32",
  "raw_bytes",
  "struct",
];

/** Python's bare words for what JSON has no number for, as the texts that stand for the same. */
function withoutWords(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(withoutWords);
  return json instanceof JsonNumber && ["NaN", "Infinity", "-Infinity"].includes(json.text) ? json.text : json;
}

/** `0.0` as `0`: what numpy makes integers and booleans of. */
function withoutFraction(json: JsonValue): JsonValue {
  if (!(json instanceof JsonNumber) || json.isInteger) return json;
  const value = Number(json.text);
  return Number.isSafeInteger(value) ? jsonNumber(value) : json;
}

/**
 * One element, or `null` if the document leaves the fill value open.
 *
 * @throws MetadataError `INVALID_METADATA` if `json` is no fill value of this type.
 */
export function parseFillV2(dataType: DataType, json: JsonValue | undefined, where: Where): Elements | null {
  if (json === null) return null;
  if (json === undefined) throw invalid(where, "a fill value or null", json);
  const { name } = dataType;
  if (name === "json") return dataType.parseFill(json, where);
  if (withoutNumbers.includes(name) && (json instanceof JsonNumber || json === "")) return dataType.defaultFill();
  if (dataType.fields !== undefined) return parseStruct(dataType, json, where);
  return dataType.parseFill(/^u?int|^bool/.test(name) ? withoutFraction(json) : withoutWords(json), where);
}

/** Between the bytes of an element as they are stored and little-endian ones. */
function swapFields({ swapSize }: StructDataType, element: Uint8Array): Uint8Array {
  const swapped = element.slice();
  if (typeof swapSize === "number") return swapped;
  for (const { offset, size, count, isSwapped } of swapSize) {
    if (!isSwapped) continue;
    for (let i = 0; i < count; i++) swapped.subarray(offset + i * size, offset + (i + 1) * size).reverse();
  }
  return swapped;
}

function parseStruct(dataType: StructDataType, json: JsonValue, where: Where): Elements {
  const bytes = typeof json === "string" ? decodeBase64(json) : undefined;
  if (bytes?.length !== dataType.itemSize) throw invalid(where, `${dataType.itemSize} bytes as base64 text`, json);
  // As text again: the type checks what its fields cannot hold.
  return dataType.parseFill(encodeBase64(swapFields(dataType, bytes)), where);
}

/**
 * The JSON form of one element.
 *
 * @throws MetadataError `UNSUPPORTED` for a NaN that has no name: Zarr v2 has no bit patterns.
 */
export function formatFillV2(dataType: DataType, element: Elements, where: Where): JsonValue {
  if (dataType.fields !== undefined && element instanceof Uint8Array)
    return encodeBase64(swapFields(dataType, element));
  const json = dataType.formatFill(element);
  switch (dataType.name) {
    case "numpy.datetime64":
    case "numpy.timedelta64":
      return json === "NaT" ? jsonNumber(-(2n ** 63n)) : json;
    case "float16":
    case "float32":
    case "float64":
    case "complex64":
    case "complex128":
      checkNamed(json, where);
      return json;
    default:
      return json;
  }
}

function checkNamed(json: JsonValue, where: Where): void {
  if (Array.isArray(json)) json.forEach((part, i) => void checkNamed(part, at(where, i)));
  else if (typeof json === "string" && json.startsWith("0x"))
    throw unsupported(`fill value ${json} in Zarr v2`, where, "a number, NaN, Infinity or -Infinity");
}
