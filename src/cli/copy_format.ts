/** From an array of one Zarr format to its copy in the other. */

import type { ArrayMetadata } from "../metadata/array_metadata.js";
import { JsonNumber, type JsonObject, type JsonValue } from "../metadata/json.js";
import { fromNumcodecs } from "../metadata/numcodecs_names.js";

/** Where xarray keeps the names of dimensions in Zarr v2. */
const dimensionsAttribute = "_ARRAY_DIMENSIONS";

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

/** NaN and the infinities, which no document of Zarr v3 may have, as strings. */
export function withoutWords(value: JsonValue): JsonValue {
  if (value instanceof JsonNumber) return ["NaN", "Infinity", "-Infinity"].includes(value.text) ? value.text : value;
  if (Array.isArray(value)) return value.map(withoutWords);
  return value instanceof Map ? attributesWithoutWords(value) : value;
}

export function attributesWithoutWords(attributes: JsonObject): JsonObject {
  return new Map([...attributes].map(([name, value]) => [name, withoutWords(value)]));
}

function toV3(metadata: ArrayMetadata): ArrayMetadata {
  const attributes = attributesWithoutWords(metadata.attributes);
  const names = attributes.get(dimensionsAttribute);
  const hasNames = isNameList(names) && names.length === metadata.shape.length;
  if (hasNames) attributes.delete(dimensionsAttribute);
  return {
    ...metadata,
    zarrFormat: 3,
    codecs: metadata.codecs.map(fromNumcodecs),
    chunkKeyEncoding: { name: "default", separator: "/" },
    dimensionNames: hasNames ? names : undefined,
    hasNullFill: false,
    attributes,
  };
}

function toV2(metadata: ArrayMetadata): ArrayMetadata {
  const { attributes, dimensionNames, chunkKeyEncoding } = metadata;
  const common = {
    ...metadata,
    zarrFormat: 2,
    chunkKeyEncoding: { name: "v2", separator: chunkKeyEncoding.separator },
  } as const;
  // Where there are no names for all dimensions, creating the array says so.
  if (!isNameList(dimensionNames) || attributes.has(dimensionsAttribute)) return common;
  return {
    ...common,
    dimensionNames: undefined,
    attributes: new Map([...attributes, [dimensionsAttribute, [...dimensionNames]]]),
  };
}

/** `metadata` as an array of `format` has it: names of codecs and dimensions, chunk keys, attributes. Its document is not changed. */
export function convertFormat(metadata: ArrayMetadata, format: 2 | 3): ArrayMetadata {
  if (metadata.zarrFormat === format) return metadata;
  return format === 3 ? toV3(metadata) : toV2(metadata);
}
