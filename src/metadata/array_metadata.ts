/**
 * The metadata of an array, one form for Zarr v2 and v3; and the document of v3, read strictly and written.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#array-metadata
 */

import { ArgumentError } from "../errors.js";
import type { ChunkGrid } from "../grid/chunk_grid.js";
import type { ChunkKeyEncoding } from "../grid/chunk_key.js";
import { formatChunkGrid, parseChunkGrid } from "./chunk_grid.js";
import { type DataType, type Elements, formatDataType, parseDataType } from "./data_type.js";
import { JsonNumber, type JsonObject, type JsonValue, jsonNumber } from "./json.js";
import {
  at,
  expectArray,
  expectObject,
  expectOneOf,
  expectRank,
  expectShape,
  formatNamed,
  invalid,
  type NamedConfiguration,
  parseNamed,
  parseNamedMandatory,
  rejectUnknownFields,
  unsupported,
  type Where,
} from "./validate.js";

/** What a caller decides when an array is created. */
export interface ArrayMetadataParts {
  readonly shape: readonly number[];
  readonly dataType: DataType;
  /** The grid of what one key stores: with sharding, of shards. */
  readonly chunkGrid: ChunkGrid;
  readonly chunkKeyEncoding: ChunkKeyEncoding;
  /** One element. */
  readonly fillValue: Elements;
  /** As in the document; neither names nor configurations have been looked at. */
  readonly codecs: readonly NamedConfiguration[];
  readonly dimensionNames?: readonly (string | null)[] | undefined;
  readonly attributes?: JsonObject | undefined;
}

/** The metadata of an array of either format. A document of Zarr v2 is read as if its array were one of v3. */
export interface ArrayMetadata extends ArrayMetadataParts, StoredMetadata {
  readonly dimensionNames: readonly (string | null)[] | undefined;
  readonly attributes: JsonObject;
  /** Whether the document leaves the fill value open, as Zarr v2 can; `fillValue` is the data type's default then. */
  readonly hasNullFill: boolean;
}

/** How the metadata of an array or a group is stored. */
export interface StoredMetadata {
  readonly zarrFormat: 2 | 3;
  readonly attributes: JsonObject;
  /** The name of the document. */
  readonly documentName: "zarr.json" | ".zarray" | ".zgroup";
  /** The whole document, also what this version ignores. Not to be changed in place. */
  readonly document: JsonObject;
}

/** What is stored for a node, by name: in Zarr v2, attributes have a document of their own. */
export function documentsOf({
  zarrFormat,
  documentName,
  document,
  attributes,
}: StoredMetadata): ReadonlyMap<string, JsonObject> {
  return new Map([[documentName, document], ...(zarrFormat === 2 ? [[".zattrs", attributes] as const] : [])]);
}

const fields = [
  "zarr_format",
  "node_type",
  "shape",
  "data_type",
  "chunk_grid",
  "chunk_key_encoding",
  "fill_value",
  "codecs",
  "attributes",
  "dimension_names",
  "storage_transformers",
] as const;

/** Checks `zarr_format` and `node_type`, which the documents of arrays and groups share. */
export function checkNode(document: JsonObject, nodeType: "array" | "group", where: Where): void {
  const format = document.get("zarr_format");
  if (!(format instanceof JsonNumber) || format.text !== "3") throw invalid(at(where, "zarr_format"), "3", format);
  expectOneOf(document.get("node_type"), [nodeType], at(where, "node_type"));
}

/** The `attributes` of a document, empty where it has none. */
export function parseAttributes(document: JsonObject, where: Where): JsonObject {
  return document.has("attributes") ? expectObject(document.get("attributes"), at(where, "attributes")) : new Map();
}

function parseChunkKeyEncoding(value: JsonValue | undefined, where: Where): ChunkKeyEncoding {
  const { name, configuration } = parseNamedMandatory(value, where);
  if (name !== "default" && name !== "v2") {
    throw unsupported(`chunk key encoding ${JSON.stringify(name)}`, where, '"default" or "v2"');
  }
  const inside = at(where, "configuration");
  rejectUnknownFields(configuration, ["separator"], inside);
  if (!configuration.has("separator")) return { name, separator: name === "default" ? "/" : "." };
  return { name, separator: expectOneOf(configuration.get("separator"), ["/", "."], at(inside, "separator")) };
}

function parseCodecs(value: JsonValue | undefined, where: Where): NamedConfiguration[] {
  const codecs = expectArray(value, where);
  return codecs.map((codec, index) => parseNamed(codec, at(where, index)));
}

function parseDimensionNames(value: JsonValue | undefined, rank: number, where: Where): (string | null)[] | undefined {
  // null is what early versions of zarr-python 3 wrote for "no names".
  if (value === undefined || value === null) return undefined;
  const names = expectArray(value, where);
  expectRank(names.length, rank, where);
  return names.map((name, axis) => {
    if (name !== null && typeof name !== "string") throw invalid(at(where, axis), "a string or null", name);
    return name;
  });
}

function checkStorageTransformers(value: JsonValue | undefined, where: Where): void {
  if (value === undefined) return;
  for (const [index, item] of expectArray(value, where).entries()) {
    const { name, mustUnderstand } = parseNamed(item, at(where, index));
    if (mustUnderstand) throw unsupported(`storage transformer ${JSON.stringify(name)}`, at(where, index));
  }
}

/**
 * Reads the document of an array. `where` is its store key, or its place inside another document.
 *
 * @throws MetadataError `INVALID_METADATA` if the specification forbids it, `UNSUPPORTED` if this version cannot honour it.
 */
export function parseArrayMetadata(document: JsonValue, where: string | Where): ArrayMetadata {
  const root = typeof where === "string" ? { field: "", key: where } : where;
  const object = expectObject(document, root);
  checkNode(object, "array", root);
  rejectUnknownFields(object, fields, root);
  const field = <T>(name: (typeof fields)[number], parse: (value: JsonValue | undefined, where: Where) => T): T =>
    parse(object.get(name), at(root, name));
  const shape = field("shape", (value, where) => expectShape(value, 0, where));
  const dataType = field("data_type", parseDataType);
  const chunkGrid = field("chunk_grid", (value, where) => parseChunkGrid(value, shape, where));
  const chunkKeyEncoding = field("chunk_key_encoding", parseChunkKeyEncoding);
  const fillValue = field("fill_value", (value, where) => dataType.parseFill(value, where));
  const codecs = field("codecs", parseCodecs);
  const dimensionNames = field("dimension_names", (value, where) => parseDimensionNames(value, shape.length, where));
  field("storage_transformers", checkStorageTransformers);
  const attributes = parseAttributes(object, root);
  return {
    zarrFormat: 3,
    documentName: "zarr.json",
    shape,
    dataType,
    chunkGrid,
    chunkKeyEncoding,
    fillValue,
    hasNullFill: false,
    codecs,
    dimensionNames,
    attributes,
    document: object,
  };
}

export function formatShape(shape: readonly number[]): JsonValue {
  return shape.map(jsonNumber);
}

/**
 * The canonical document: extensions in their object form (data types that need no configuration are bare names), fields in zarr-python's
 * order. Nothing is checked; {@link parseArrayMetadata} does that.
 */
export function formatArrayMetadata(parts: ArrayMetadataParts): JsonObject {
  const { name, separator } = parts.chunkKeyEncoding;
  const document: JsonObject = new Map<string, JsonValue>([
    ["zarr_format", jsonNumber(3)],
    ["node_type", "array"],
    ["shape", formatShape(parts.shape)],
    ["data_type", formatDataType(parts.dataType)],
    ["chunk_grid", formatChunkGrid(parts.chunkGrid)],
    [
      "chunk_key_encoding",
      formatNamed({ name, configuration: new Map([["separator", separator]]), mustUnderstand: true }),
    ],
    ["fill_value", parts.dataType.formatFill(parts.fillValue)],
    ["codecs", parts.codecs.map(formatNamed)],
    ["attributes", parts.attributes ?? new Map()],
  ]);
  if (parts.dimensionNames !== undefined) document.set("dimension_names", [...parts.dimensionNames]);
  return document;
}

/**
 * `metadata` with another shape of the same rank; every other field of the document stays as it is.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` if `shape` is not a legal shape of that rank, or reaches beyond the chunks of a rectilinear grid:
 *   its specification has no rule for growing.
 */
export function withShape(metadata: ArrayMetadata, shape: readonly number[]): ArrayMetadata {
  const rank = metadata.shape.length;
  const isLegal =
    shape.length === rank &&
    shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0) &&
    (shape.includes(0) || Number.isSafeInteger(shape.reduce((product, dimension) => product * dimension, 1)));
  if (!isLegal) {
    throw new ArgumentError("INVALID_ARGUMENT", "Invalid shape", {
      expected: `${rank} integers >= 0 with a product of at most 9007199254740991`,
      found: `[${shape.join(", ")}]`,
    });
  }
  metadata.chunkGrid.axes.forEach(({ end }, axis) => {
    if (shape[axis]! <= end) return;
    throw new ArgumentError("INVALID_ARGUMENT", `Shape reaches beyond the chunks of axis ${axis}`, {
      expected: `at most ${end}`,
      found: shape[axis],
    });
  });
  // + 0 turns -0 into 0.
  const own = shape.map((dimension) => dimension + 0);
  const document = new Map(metadata.document).set("shape", formatShape(own));
  // A chunk length of 0 that was read as 1 must not outlast the empty axis.
  if (metadata.zarrFormat === 2) document.set("chunks", formatShape(metadata.chunkGrid.largestShape));
  return { ...metadata, shape: own, document };
}

/** Metadata of an array or group with other attributes; every other field of the document stays as it is. */
export function withAttributes<Metadata extends StoredMetadata>(metadata: Metadata, attributes: JsonObject): Metadata {
  if (metadata.zarrFormat === 2) return { ...metadata, attributes };
  return { ...metadata, attributes, document: new Map(metadata.document).set("attributes", attributes) };
}
