/** From the options of `createArray` to a metadata document. */

import { findBuiltIn, findCodec } from "./codecs/registry.js";
import { shardingConfiguration } from "./codecs/sharding_configuration.js";
import type { IndexLocation } from "./codecs/sharding_indexed.js";
import { ArgumentError } from "./errors.js";
import { ChunkGrid, type ChunkLengths } from "./grid/chunk_grid.js";
import { type ArrayMetadata, formatArrayMetadata, parseArrayMetadata } from "./metadata/array_metadata.js";
import { parseChunkGrid, parseChunkShapes } from "./metadata/chunk_grid.js";
import {
  type DataType,
  type DataTypeName,
  type DataTypeOption,
  dataTypeByName,
  dataTypeFromOption,
  type Elements,
  type ItemDataType,
  type Scalar,
} from "./metadata/data_type.js";
import { fromPlain, type JsonObject, type JsonValue } from "./metadata/json.js";
import { joinKey, normalizePath } from "./metadata/node_path.js";
import { formatNamed, invalid, type NamedConfiguration, parseNamed } from "./metadata/validate.js";
import { defaultSerializer, withSerializer } from "./pipeline/bind.js";
import { attributesFromPlain, numbersFromOption } from "./plain_options.js";
import type { RuntimeOptions } from "./runtime.js";

/** A codec by its bare name, or with its configuration as in `zarr.json`. */
export type CodecOption =
  | string
  | { readonly name: string; readonly configuration?: Readonly<Record<string, unknown>> };

/** Chunk lengths for each axis, or a grid with its configuration as in `zarr.json`. */
export type ChunkGridOption =
  | readonly ChunkLengths[]
  | { readonly name: string; readonly configuration: Readonly<Record<string, unknown>> };

/** The metadata of a new array, and how it reads and writes. */
export interface CreateArrayOptions<D extends DataTypeName = DataTypeName> extends RuntimeOptions {
  /** Path of the node. Default "/". */
  readonly path?: string;
  /**
   * Default 3. Zarr v2 has no shards and no dimension names, and one compressor; filters may be any codecs of numcodecs, and names are those
   * of numcodecs, with or without `numcodecs.`, or of Zarr v3 where numcodecs has the same. The byte order is that of the serializer.
   */
  readonly zarrFormat?: 2 | 3;
  /** Only in Zarr v2: the order of the elements within a chunk. Default "C". */
  readonly memoryLayout?: "C" | "F";
  /** Elements per axis. */
  readonly shape: readonly number[];
  /** Elements per axis of a chunk; with `shardShape` or `shardGrid`, of an inner chunk. */
  readonly chunkShape?: readonly number[];
  /** Instead of `chunkShape`: chunks of different lengths, a rectilinear grid. */
  readonly chunkGrid?: ChunkGridOption;
  /** Elements per axis of a shard: a multiple of `chunkShape`. */
  readonly shardShape?: readonly number[];
  /** Instead of `shardShape`: shards of different lengths, each a multiple of `chunkShape`. */
  readonly shardGrid?: ChunkGridOption;
  readonly dataType: DataTypeOption<D>;
  /**
   * Default zero, false or empty. Where elements are no texts, strings as in `zarr.json`: "NaN", "-Infinity", "0x7fc00001", "NaT", base64;
   * in pairs and records too. In Zarr v2 `null` leaves it open.
   */
  readonly fillValue?: Scalar;
  /** The whole chain; with `shardShape`, that of the inner chunks. Instead of `filters`, `serializer` and `compressors`. */
  readonly codecs?: readonly CodecOption[];
  /** Array-to-array codecs. */
  readonly filters?: readonly CodecOption[];
  /** The array-to-bytes codec. Default `bytes`, little-endian. */
  readonly serializer?: CodecOption;
  /** Bytes-to-bytes codecs. Default none. */
  readonly compressors?: readonly CodecOption[];
  /** Default `{ name: "default", separator: "/" }`, in Zarr v2 `{ name: "v2", separator: "." }`. */
  readonly chunkKeyEncoding?: { readonly name: "default" | "v2"; readonly separator?: "/" | "." };
  readonly dimensionNames?: readonly (string | null)[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Replace a node that is already there, with everything below it. */
  readonly overwrite?: boolean;
  /** Where a shard keeps its index. Default "end". */
  readonly indexLocation?: IndexLocation;
  /** Default `bytes` little-endian and `crc32c`. */
  readonly indexCodecs?: readonly CodecOption[];
}

/** One codec of an array of `dataType`, with its defaults. `field` names it in messages. */
export function codecFromOption(option: CodecOption, dataType: DataType, field: string): NamedConfiguration {
  return withDefaults(parseNamed(fromPlain(option), { field }), dataType);
}

/** The codec as it is recorded: with every default spelled out, so that other engines need not know ours. */
export function withDefaults(parsed: NamedConfiguration, dataType: DataType): NamedConfiguration {
  const configuration: JsonObject = new Map(parsed.configuration);
  const defaults = findBuiltIn(parsed.name)?.defaults ?? {};
  for (const [key, value] of Object.entries(typeof defaults === "function" ? defaults(dataType) : defaults))
    if (!configuration.has(key)) configuration.set(key, fromPlain(value));
  return { ...parsed, configuration };
}

/** The chain that `codecs`, or `filters`, `serializer` and `compressors`, describe. */
export function codecsFromOptions(
  {
    codecs,
    filters,
    serializer,
    compressors,
  }: Pick<CreateArrayOptions, "codecs" | "filters" | "serializer" | "compressors">,
  dataType: DataType,
): NamedConfiguration[] {
  if (codecs !== undefined && (filters ?? serializer ?? compressors) !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "Pass either codecs, or filters, serializer and compressors");
  }
  if (serializer !== undefined) {
    const { name } = parseNamed(fromPlain(serializer), { field: "serializer" });
    const kind = findCodec(name)?.kind ?? "array_to_bytes";
    if (kind !== "array_to_bytes") throw invalid({ field: "serializer" }, "an array-to-bytes codec", name);
  }
  const list = codecs ?? [...(filters ?? []), serializer ?? defaultSerializer(dataType).name, ...(compressors ?? [])];
  const chain = list.map((option, i) => parseNamed(fromPlain(option), { field: `codecs[${i}]` }));
  return withSerializer(chain, dataType, { field: "codecs" }).map((each) => withDefaults(each, dataType));
}

function sharding(
  options: CreateArrayOptions,
  inner: readonly NamedConfiguration[],
  indexType: DataType,
): NamedConfiguration {
  const { indexLocation = "end", indexCodecs = ["bytes", "crc32c"] } = options;
  const chunkShape = numbersFromOption(options.chunkShape, "chunkShape");
  const toJson = (list: readonly NamedConfiguration[]): JsonValue[] => list.map(formatNamed);
  const index = indexCodecs.map((option, i) => codecFromOption(option, indexType, `indexCodecs[${i}]`));
  return {
    name: "sharding_indexed",
    configuration: shardingConfiguration(chunkShape, toJson(inner), toJson(index), indexLocation),
    mustUnderstand: true,
  };
}

/** The grid of what one key stores. */
function gridFromOptions(options: CreateArrayOptions, shape: readonly number[]): ChunkGrid {
  const { chunkShape, chunkGrid, shardShape, shardGrid } = options;
  if (chunkShape !== undefined && chunkGrid !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "Pass either chunkShape or chunkGrid");
  }
  if (shardShape !== undefined && shardGrid !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "Pass either shardShape or shardGrid");
  }
  if (isSharded(options)) {
    if (chunkShape === undefined)
      throw new ArgumentError(
        "INVALID_ARGUMENT",
        "Chunks within shards have one shape: pass chunkShape instead of chunkGrid",
      );
    return gridFromOption(shardShape, shardGrid, shape, "shard");
  }
  return gridFromOption(chunkShape, chunkGrid, shape, "chunk");
}

function gridFromOption(
  chunkShape: readonly number[] | undefined,
  chunkGrid: ChunkGridOption | undefined,
  shape: readonly number[],
  what: "chunk" | "shard",
): ChunkGrid {
  if (chunkGrid === undefined) return new ChunkGrid(numbersFromOption(chunkShape, `${what}Shape`));
  const where = { field: `${what}Grid` };
  const json = fromPlain(chunkGrid);
  return Array.isArray(json) ? parseChunkShapes(json, shape, where) : parseChunkGrid(json, shape, where);
}

function isSharded({ shardShape, shardGrid }: CreateArrayOptions): boolean {
  return shardShape !== undefined || shardGrid !== undefined;
}

/** Metadata of the array that `options` ask for; checked as strictly as a stored document. */
export function metadataFromOptions(options: CreateArrayOptions): ArrayMetadata {
  const { fillValue, chunkKeyEncoding, dimensionNames, attributes } = options;
  const shape = numbersFromOption(options.shape, "shape");
  const chunkGrid = gridFromOptions(options, shape);
  const dataType = dataTypeFromOption(options.dataType);
  const chain = codecsFromOptions(options, dataType);
  if (!isSharded(options) && (options.indexLocation ?? options.indexCodecs) !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "indexLocation and indexCodecs need a shardShape or shardGrid");
  }
  const { name = "default", separator = name === "default" ? "/" : "." } = chunkKeyEncoding ?? {};
  const document = formatArrayMetadata({
    shape,
    dataType,
    chunkGrid,
    chunkKeyEncoding: { name, separator },
    fillValue: fillValueElement(dataType, fillValue),
    codecs: isSharded(options) ? [sharding(options, chain, dataTypeByName("uint64"))] : chain,
    dimensionNames,
    attributes: attributes === undefined ? undefined : attributesFromPlain(attributes),
  });
  return parseArrayMetadata(document, joinKey(normalizePath(options.path ?? "/"), "zarr.json"));
}

/** One element, from a scalar or from strings as in `zarr.json`. */
export function fillValueElement(dataType: ItemDataType, fillValue: unknown): Uint8Array;
export function fillValueElement(dataType: DataType, fillValue: unknown): Elements;
export function fillValueElement(dataType: DataType, fillValue: unknown): Elements {
  if (fillValue === undefined) return dataType.defaultFill();
  // A string is an element itself where elements are texts.
  const isJson =
    !dataType.isBoxed && (Array.isArray(fillValue) ? fillValue : [fillValue]).some((part) => typeof part === "string");
  if (isJson) return dataType.parseFill(fromPlain(fillValue), { field: "fillValue" });
  return dataType.fields === undefined
    ? dataType.encodeScalar(fillValue)
    : dataType.encodeRecord(fillValue, fillValueElement);
}
