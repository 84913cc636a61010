/** From the layout of a source array, and what is to change in it, to the layout of its copy. */

import { codecFromOption, codecsFromOptions } from "../array_options.js";
import { findCodec } from "../codecs/registry.js";
import { shardingConfiguration } from "../codecs/sharding_configuration.js";
import type { IndexLocation } from "../codecs/sharding_indexed.js";
import { ChunkGrid } from "../grid/chunk_grid.js";
import { ArgumentError, type CodecOption } from "../index.js";
import type { ArrayMetadata } from "../metadata/array_metadata.js";
import { type DataType, dataTypeByName } from "../metadata/data_type.js";
import { formatNamed, type NamedConfiguration } from "../metadata/validate.js";
import { codecList, formatGrid, formatShape } from "./format.js";
import { integerList } from "./inner_shapes.js";

export interface LayoutChanges {
  /** Chunk shape; of the inner chunks if the copy is sharded. */
  readonly chunks?: readonly number[] | undefined;
  readonly shards?: readonly number[] | "none" | undefined;
  /** The whole chain, of the inner chunks if the copy is sharded. */
  readonly codecs?: readonly CodecOption[] | undefined;
  readonly filters?: readonly CodecOption[] | undefined;
  readonly serializer?: CodecOption | undefined;
  readonly compressors?: readonly CodecOption[] | undefined;
  readonly indexLocation?: IndexLocation | undefined;
}

/** Chunk grid and codecs as they stand in `zarr.json`. */
export type Layout = Pick<ArrayMetadata, "chunkGrid" | "codecs">;

interface Parts {
  readonly filters: readonly NamedConfiguration[];
  readonly serializer: NamedConfiguration;
  readonly compressors: readonly NamedConfiguration[];
}

/** Splits a chain at its array-to-bytes codec; `bytes` if it has none. */
function split(codecs: readonly NamedConfiguration[], dataType: DataType): Parts {
  const position = codecs.findIndex(({ name }) => findCodec(name)?.kind === "array_to_bytes");
  if (position >= 0) {
    return {
      filters: codecs.slice(0, position),
      serializer: codecs[position]!,
      compressors: codecs.slice(position + 1),
    };
  }
  const first = codecs.findIndex(({ name }) => findCodec(name)?.kind === "bytes_to_bytes");
  const end = first < 0 ? codecs.length : first;
  const [serializer] = codecsFromOptions({ codecs: ["bytes"] }, dataType);
  return { filters: codecs.slice(0, end), serializer: serializer!, compressors: codecs.slice(end) };
}

function join({ filters, serializer, compressors }: Parts): NamedConfiguration[] {
  return [...filters, serializer, ...compressors];
}

/** A shard's configuration; shapes of inner chunks are in the axes of the encoded shard. */
interface Sharding {
  readonly chunkShape: readonly number[];
  readonly codecs: readonly NamedConfiguration[];
  readonly indexCodecs: readonly NamedConfiguration[];
  readonly indexLocation: IndexLocation;
}

function parseSharding({ name, configuration }: NamedConfiguration): Sharding | undefined {
  if (name !== "sharding_indexed") return undefined;
  return {
    chunkShape: integerList(configuration.get("chunk_shape")),
    codecs: codecList(configuration.get("codecs")),
    indexCodecs: codecList(configuration.get("index_codecs")),
    indexLocation: configuration.get("index_location") === "start" ? "start" : "end",
  };
}

function formatSharding({ chunkShape, codecs, indexCodecs, indexLocation }: Sharding): NamedConfiguration {
  const [inner, index] = [codecs, indexCodecs].map((list) => list.map(formatNamed));
  return {
    name: "sharding_indexed",
    configuration: shardingConfiguration(chunkShape, inner!, index!, indexLocation),
    mustUnderstand: true,
  };
}

/** `shape` as the chain behind `filters` sees it. Of the codecs there are, only `transpose` moves axes. */
function toEncodedAxes(shape: readonly number[], filters: readonly NamedConfiguration[]): number[] {
  let encoded = [...shape];
  for (const { name, configuration } of filters) {
    if (name === "transpose") encoded = integerList(configuration.get("order")).map((axis) => encoded[axis]!);
  }
  return encoded;
}

function toArrayAxes(shape: readonly number[], filters: readonly NamedConfiguration[]): number[] {
  const axes = toEncodedAxes(
    shape.map((_, axis) => axis),
    filters,
  );
  return shape.map((_, axis) => shape[axes.indexOf(axis)]!);
}

/** Replaces the parts of a chain that `changes` name; in shards within shards, of the innermost chain. */
function replaceParts(
  codecs: readonly NamedConfiguration[],
  { filters, serializer, compressors }: LayoutChanges,
  dataType: DataType,
): NamedConfiguration[] {
  if ((filters ?? serializer ?? compressors) === undefined) return [...codecs];
  const parts = split(codecs, dataType);
  const nested = parseSharding(parts.serializer);
  if (nested !== undefined) {
    const inner = replaceParts(nested.codecs, { filters, serializer, compressors }, dataType);
    return join({ ...parts, serializer: formatSharding({ ...nested, codecs: inner }) });
  }
  const resolve = (list: readonly CodecOption[]): NamedConfiguration[] =>
    list.map((option) => codecFromOption(option, dataType, "codecs"));
  return join({
    filters: filters === undefined ? parts.filters : resolve(filters),
    serializer: serializer === undefined ? parts.serializer : resolve([serializer])[0]!,
    compressors: compressors === undefined ? parts.compressors : resolve(compressors),
  });
}

/** A chain without its shards, to any depth, and the shape of the innermost chunks. */
function unshard(
  codecs: readonly NamedConfiguration[],
  dataType: DataType,
): { readonly codecs: NamedConfiguration[]; readonly chunkShape: readonly number[] | undefined } {
  const parts = split(codecs, dataType);
  const sharding = parseSharding(parts.serializer);
  if (sharding === undefined) return { codecs: join(parts), chunkShape: undefined };
  const inner = unshard(sharding.codecs, dataType);
  return {
    codecs: [...parts.filters, ...inner.codecs, ...parts.compressors],
    chunkShape: toArrayAxes(inner.chunkShape ?? sharding.chunkShape, parts.filters),
  };
}

function contradiction(reason: string): ArgumentError {
  return new ArgumentError("INVALID_ARGUMENT", reason);
}

/**
 * The layout of a copy. What `changes` leave open stays as it is; codecs that stand around the source's shards stay around those of the
 * copy, unless `changes.codecs` gives the whole chain. Whether the result is legal shows when the array is created.
 *
 * @throws ArgumentError for changes that contradict one another, or that need shards where there are none.
 */
export function changeLayout({ chunkGrid, codecs, dataType }: ArrayMetadata, changes: LayoutChanges): Layout {
  if (Object.values(changes).every((change) => change === undefined)) return { chunkGrid, codecs };
  const { chunks, shards, indexLocation } = changes;
  const regular = (chunkShape: readonly number[] | undefined): ChunkGrid | undefined =>
    chunkShape && new ChunkGrid(chunkShape);
  const given = changes.codecs && join(split(codecsFromOptions({ codecs: changes.codecs }, dataType), dataType));
  if (given?.some(({ name }) => name === "sharding_indexed")) {
    if ((shards ?? indexLocation) !== undefined) {
      throw contradiction("--codecs with sharding_indexed leaves no room for --shards and --index-location");
    }
    return { chunkGrid: regular(chunks) ?? chunkGrid, codecs: given };
  }
  const outer = split(codecs, dataType);
  const source = parseSharding(outer.serializer);
  if (shards === "none" || (shards === undefined && source === undefined)) {
    if (indexLocation !== undefined) throw contradiction("--index-location needs shards");
    const plain = unshard(codecs, dataType);
    return {
      chunkGrid: regular(chunks ?? plain.chunkShape) ?? chunkGrid,
      codecs: given ?? replaceParts(plain.codecs, changes, dataType),
    };
  }
  const around = source !== undefined && given === undefined ? outer : { filters: [], compressors: [] };
  const innerShape = chunks ?? (source && toArrayAxes(source.chunkShape, outer.filters)) ?? chunkGrid.chunkShape;
  if (innerShape === undefined) throw contradiction("--shards needs --chunks: those of the source differ in shape");
  const shardGrid = regular(shards) ?? chunkGrid;
  if (shardGrid.axes.some((axis, d) => axis.distinctLengths.some((length) => length % innerShape[d]! !== 0))) {
    throw new ArgumentError("INVALID_ARGUMENT", "Chunks must divide shards", {
      expected: `chunks that divide ${formatGrid(shardGrid)}`,
      found: formatShape(innerShape),
    });
  }
  const sharding = formatSharding({
    chunkShape: toEncodedAxes(innerShape, around.filters),
    codecs: given ?? replaceParts(source?.codecs ?? codecs, changes, dataType),
    indexCodecs: source?.indexCodecs ?? codecsFromOptions({ codecs: ["bytes", "crc32c"] }, dataTypeByName("uint64")),
    indexLocation: indexLocation ?? source?.indexLocation ?? "end",
  });
  return { chunkGrid: shardGrid, codecs: [...around.filters, sharding, ...around.compressors] };
}
