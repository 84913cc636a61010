/**
 * The codecs of an array of Zarr v2: its order, filters and compressor, as one chain of v3 and back.
 *
 * A filter or compressor `{"id": "zlib", "level": 1}` is the codec `numcodecs.zlib` with the configuration `{"level": 1}`. Order F is a
 * transpose, and a big-endian data type the configuration of the codec `bytes`: within a chain all elements are little-endian.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#arrays
 * https://numcodecs.readthedocs.io/en/stable/
 */

import type { DataType } from "./data_type.js";
import { JsonNumber, type JsonObject, type JsonValue, jsonNumber } from "./json.js";
import { type ByteOrder, formatNumpyDtype, parseNumpyDtype } from "./numpy_dtype.js";
import {
  at,
  expectArray,
  expectObject,
  expectOneOf,
  expectString,
  invalid,
  type NamedConfiguration,
  unsupported,
  type Where,
} from "./validate.js";

/** Filters with the data types of their input and output in their configuration: in numcodecs they look at bytes as such items. */
const typeFields: ReadonlyMap<string, readonly [input: string, output: string]> = new Map([
  ["delta", ["dtype", "astype"]],
  ["fixedscaleoffset", ["dtype", "astype"]],
  ["quantize", ["dtype", "astype"]],
  ["astype", ["decode_dtype", "encode_dtype"]],
]);

/** Filters that make arrays of arrays. All others make bytes of what they are given. */
const arrayFilters: readonly string[] = [...typeFields.keys(), "bitround", "packbits"];

/** Filters that make bytes of objects, and the data types of their objects; the codecs have these names in v3 too, or a prefix. */
export const objectFilters: ReadonlyMap<string, string> = new Map([
  ["vlen-utf8", "string"],
  ["vlen-bytes", "bytes"],
  ["json2", "json"],
]);

/** The ids of filters and compressor, in the order in which they encode. Throws for what are none. */
export function codecIds(document: JsonObject, where: Where): string[] {
  return parseEntries(document, where).map(({ id }) => id);
}

interface Entry {
  readonly id: string;
  readonly configuration: JsonObject;
  readonly where: Where;
}

function parseEntry(value: JsonValue, where: Where): Entry {
  const configuration = new Map(expectObject(value, where));
  const id = expectString(configuration.get("id"), at(where, "id"));
  if (id === "") throw invalid(at(where, "id"), "the name of a codec", id);
  configuration.delete("id");
  return { id, configuration, where };
}

/** Neither is missing in what zarr-python writes, but it reads documents without them. */
function parseEntries(document: JsonObject, where: Where): Entry[] {
  const filtersAt = at(where, "filters");
  const filters = document.get("filters") ?? null;
  const entries =
    filters === null ? [] : expectArray(filters, filtersAt).map((each, i) => parseEntry(each, at(filtersAt, i)));
  const compressor = document.get("compressor") ?? null;
  return compressor === null ? entries : [...entries, parseEntry(compressor, at(where, "compressor"))];
}

export function codecName(id: string): string {
  return id === "vlen-utf8" || id === "vlen-bytes" ? id : `numcodecs.${id}`;
}

/** What a filter does to the byte order of its items. */
interface Step {
  readonly configuration: JsonObject;
  readonly byteOrder: ByteOrder;
}

/**
 * The filter's configuration without byte orders, and the order of what it makes out of items in `byteOrder`.
 *
 * @throws MetadataError `UNSUPPORTED` if it takes items in the other order: numcodecs would take their bytes for other numbers.
 */
function toLittleEndian({ id, configuration, where }: Entry, byteOrder: ByteOrder): Step {
  if (id === "packbits") return { configuration, byteOrder: "none" };
  const fields = typeFields.get(id);
  if (fields === undefined) return { configuration, byteOrder };
  const own = new Map(configuration);
  const [input, output] = fields.map((field): ByteOrder | undefined => {
    const value = own.get(field);
    if (typeof value !== "string") return undefined;
    own.set(field, value.replace(/^>/, "<"));
    return parseNumpyDtype(value, at(where, field)).byteOrder;
  });
  if (input !== undefined && input !== "none" && byteOrder !== "none" && input !== byteOrder) {
    throw unsupported(`filter "${id}" of ${input}-endian items behind ${byteOrder}-endian ones`, where);
  }
  return { configuration: own, byteOrder: output ?? input ?? byteOrder };
}

/** Axes from last to first. */
function reversedOrder(rank: number): JsonNumber[] {
  return Array.from({ length: rank }, (_, axis) => jsonNumber(rank - 1 - axis));
}

/** Whether `configuration` makes a transpose what order F is. */
export function isReversed(configuration: JsonObject, rank: number): boolean {
  const order = configuration.get("order");
  if (!Array.isArray(order) || order.length !== rank) return false;
  return reversedOrder(rank).every(({ text }, i) => {
    const axis = order[i];
    return axis instanceof JsonNumber && axis.text === text;
  });
}

function named(name: string, field: string, value: JsonValue): NamedConfiguration {
  return { name, configuration: new Map([[field, value]]), mustUnderstand: true };
}

/**
 * The chain of an array of this rank, whose items are stored in `byteOrder`. `bytes` is in it only where it is not the default.
 *
 * @throws MetadataError `INVALID_METADATA` or `UNSUPPORTED`; names and other configurations are not looked at.
 */
export function parseChainV2(
  document: JsonObject,
  rank: number,
  byteOrder: ByteOrder,
  where: Where,
): NamedConfiguration[] {
  const order = expectOneOf(document.get("order"), ["C", "F"], at(where, "order"));
  const entries = parseEntries(document, where);
  const codecs: NamedConfiguration[] = [];
  if (order === "F" && rank > 1) {
    // zarr-python writes the items in C order and reads them in F order: what it reads is not what was written.
    if (entries.some(({ id }) => id === "json2")) throw unsupported('filter "json2" in order F', at(where, "filters"));
    codecs.push(named("transpose", "order", reversedOrder(rank)));
  }
  let stored = byteOrder;
  const filters = entries.map((entry): NamedConfiguration => {
    const step = toLittleEndian(entry, stored);
    stored = step.byteOrder;
    return { name: codecName(entry.id), configuration: step.configuration, mustUnderstand: true, where: entry.where };
  });
  const first = entries.findIndex(({ id }) => !arrayFilters.includes(id));
  const end = first < 0 ? entries.length : first;
  const bytes = stored === "big" ? [named("bytes", "endian", "big")] : [];
  return [...codecs, ...filters.slice(0, end), ...bytes, ...filters.slice(end)];
}

/** A chain as Zarr v2 has it. */
export interface ChainParts {
  readonly order: "C" | "F";
  /** Of the array's items, and those of its filters. */
  readonly byteOrder: "little" | "big";
  readonly filters: readonly NamedConfiguration[];
  readonly compressor: NamedConfiguration | undefined;
}

function idOf({ name }: NamedConfiguration): string {
  return name.replace(/^numcodecs\./, "");
}

/** The filters with the data types of their input, which numcodecs must be told. */
function withTypes(filters: readonly NamedConfiguration[], dataType: DataType): NamedConfiguration[] {
  let current: JsonValue = null;
  if (!dataType.variable) current = formatNumpyDtype(dataType, "little", { field: "dtype" });
  return filters.map((filter) => {
    const id = idOf(filter);
    const [input, output] = typeFields.get(id) ?? [];
    if (id === "packbits") current = "|u1";
    if (input === undefined || output === undefined) return filter;
    const configuration = new Map(filter.configuration);
    configuration.set(input, configuration.get(input) ?? current);
    current = configuration.get(output) ?? configuration.get(input) ?? current;
    return { ...filter, configuration };
  });
}

function formatCodec(named: NamedConfiguration, byteOrder: "little" | "big"): JsonObject {
  const id = idOf(named);
  const document: JsonObject = new Map<string, JsonValue>([["id", id], ...named.configuration]);
  // Versions of numcodecs from before it had checksums refuse the field.
  if (id === "zstd" && document.get("checksum") === false) document.delete("checksum");
  for (const field of typeFields.get(id) ?? []) {
    const value = document.get(field);
    if (typeof value !== "string" || value.startsWith(">")) continue;
    const where = { field: `${id}.${field}` };
    document.set(field, formatNumpyDtype(parseNumpyDtype(value, where).dataType, byteOrder, where));
  }
  return document;
}

/** The fields `filters` and `compressor` that {@link parseChainV2} reads, of an array of `dataType`. */
export function formatChainV2(
  { byteOrder, filters, compressor }: ChainParts,
  dataType: DataType,
): [filters: JsonValue, compressor: JsonValue] {
  return [
    filters.length === 0 ? null : withTypes(filters, dataType).map((filter) => formatCodec(filter, byteOrder)),
    compressor === undefined ? null : formatCodec(compressor, byteOrder),
  ];
}
