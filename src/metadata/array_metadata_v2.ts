/**
 * The documents of an array of Zarr v2, `.zarray` and `.zattrs`, read into {@link ArrayMetadata}, and written.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#metadata
 */

import { ChunkGrid } from "../grid/chunk_grid.js";
import { type ArrayMetadata, formatShape } from "./array_metadata.js";
import { type ChainParts, codecIds, formatChainV2, objectFilters, parseChainV2 } from "./chain_v2.js";
import { type DataType, dataTypeByName, type Elements } from "./data_type.js";
import { formatFillV2, parseFillV2 } from "./fill_value_v2.js";
import { JsonNumber, type JsonObject, type JsonValue, jsonNumber } from "./json.js";
import { type ByteOrder, formatNumpyDtype, parseNumpyDtype } from "./numpy_dtype.js";
import {
  at,
  expectInteger,
  expectObject,
  expectOneOf,
  expectRank,
  expectShape,
  invalid,
  unsupported,
  type Where,
} from "./validate.js";
import { jsonType } from "./variable_types.js";

/** Checks `zarr_format`, which the documents of arrays and groups share. */
export function checkFormatV2(document: JsonObject, where: Where): void {
  const format = document.get("zarr_format");
  if (!(format instanceof JsonNumber) || format.text !== "2") throw invalid(at(where, "zarr_format"), "2", format);
}

/** The content of `.zattrs`, empty if there is none. */
export function parseAttributesV2(document: JsonValue | undefined, where: Where): JsonObject {
  return document === undefined ? new Map() : expectObject(document, where);
}

/** The data type of objects is that which one of the filters makes bytes of. */
function parseObjectType(ids: readonly string[], where: Where): DataType {
  for (const id of ids) {
    const name = objectFilters.get(id);
    if (name !== undefined) return name === jsonType.name ? jsonType : dataTypeByName(name);
  }
  const found = ids.length === 0 ? "without a filter" : `with filter ${ids.map((id) => JSON.stringify(id)).join(", ")}`;
  const known = [...objectFilters.keys()].map((id) => JSON.stringify(id)).join(" or ");
  throw unsupported(`array of objects ${found}`, where, `filter ${known}`);
}

function parseType(document: JsonObject, where: Where): { dataType: DataType; byteOrder: ByteOrder } {
  const value = document.get("dtype");
  if (value !== "|O") return parseNumpyDtype(value, at(where, "dtype"));
  return { dataType: parseObjectType(codecIds(document, where), at(where, "dtype")), byteOrder: "none" };
}

/** Writers gave axes without elements chunks without elements; any other length reads the same. */
function parseChunks(value: JsonValue | undefined, shape: readonly number[], where: Where): number[] {
  const chunks = expectShape(value, 0, where);
  expectRank(chunks.length, shape.length, where);
  return chunks.map((length, axis) =>
    length === 0 && shape[axis] === 0 ? 1 : expectInteger(jsonNumber(length), { minimum: 1 }, at(where, axis)),
  );
}

/**
 * Reads the documents of an array; `attributes` is the content of `.zattrs`, if there is one. `where` and `attributesWhere` are their store
 * keys, or places in another document. Fields that Zarr v2 does not know are left alone.
 *
 * @throws MetadataError `INVALID_METADATA` if the specification forbids it, `UNSUPPORTED` if this version cannot honour it.
 */
export function parseArrayMetadataV2(
  document: JsonValue,
  attributes: JsonValue | undefined,
  where: Where,
  attributesWhere: Where,
): ArrayMetadata {
  const object = expectObject(document, where);
  checkFormatV2(object, where);
  const shape = expectShape(object.get("shape"), 0, at(where, "shape"));
  const chunkShape = parseChunks(object.get("chunks"), shape, at(where, "chunks"));
  const { dataType, byteOrder } = parseType(object, where);
  const codecs = parseChainV2(object, shape.length, byteOrder, where);
  const fillValue = parseFillV2(dataType, object.get("fill_value"), at(where, "fill_value"));
  const separator = object.get("dimension_separator");
  return {
    zarrFormat: 2,
    documentName: ".zarray",
    shape,
    dataType,
    chunkGrid: new ChunkGrid(chunkShape),
    chunkKeyEncoding: {
      name: "v2",
      separator: separator === undefined ? "." : expectOneOf(separator, [".", "/"], at(where, "dimension_separator")),
    },
    fillValue: fillValue ?? dataType.defaultFill(),
    hasNullFill: fillValue === null,
    codecs,
    dimensionNames: undefined,
    attributes: parseAttributesV2(attributes, attributesWhere),
    document: object,
  };
}

/** What a caller decides when an array is created. */
export interface ArrayPartsV2 extends ChainParts {
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
  readonly dataType: DataType;
  /** One element, or `null` to leave the fill value open. */
  readonly fillValue: Elements | null;
  readonly separator: "." | "/";
}

/** The document `.zarray`, with its fields in zarr-python's order. {@link parseArrayMetadataV2} checks what this does not. */
export function formatArrayMetadataV2(parts: ArrayPartsV2, where: Where): JsonObject {
  const { dataType, fillValue, byteOrder } = parts;
  const dtypeAt = at(where, "dtype");
  const dtype = dataType.variable ? "|O" : formatNumpyDtype(dataType, byteOrder, dtypeAt);
  // Structs have their byte order in the fields, and in their fill value.
  const stored = dataType.variable ? dataType : parseNumpyDtype(dtype, dtypeAt).dataType;
  const [filters, compressor] = formatChainV2(parts, dataType);
  return new Map<string, JsonValue>([
    ["shape", formatShape(parts.shape)],
    ["chunks", formatShape(parts.chunkShape)],
    ["dtype", dtype],
    ["fill_value", fillValue === null ? null : formatFillV2(stored, fillValue, at(where, "fill_value"))],
    ["order", parts.order],
    ["filters", filters],
    ["dimension_separator", parts.separator],
    ["compressor", compressor],
    ["zarr_format", jsonNumber(2)],
  ]);
}
