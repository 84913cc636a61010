/** `syncodec info`: what is stored in a folder. */

import { elementCount } from "../codecs/codec.js";
import type { ChunkGrid, ChunkLengths, ZarrArray } from "../index.js";
import type { StoredMetadata } from "../metadata/array_metadata.js";
import { formatDataType } from "../metadata/data_type.js";
import { formatJson, fromPlain, type JsonObject, type JsonValue } from "../metadata/json.js";
import { formatNamed } from "../metadata/validate.js";
import type { LocalStore } from "../node.js";
import { type Command, expectPositionals, parseArguments } from "./command.js";
import { count, formatBytes, formatCodecs, formatGrid, formatRatio, formatShape, oneLine } from "./format.js";
import { innerShapes } from "./inner_shapes.js";
import { type Entry, openLocalStore, readTree } from "./nodes.js";
import { listStoredKeys } from "./stored_chunks.js";

interface Sizes {
  /** Stored chunks (shards) per axis, whether they exist or not. */
  readonly grid: readonly number[];
  readonly storedChunks: number;
  readonly strayKeys: number;
  readonly uncompressedBytes: number;
  readonly storedBytes: number;
}

function measure(array: ZarrArray, store: LocalStore): Sizes {
  const { chunks, strays, byteLength } = listStoredKeys(array, store);
  const { shape, chunkGrid, dataType } = array.metadata;
  return {
    grid: chunkGrid.countsOf(shape),
    storedChunks: chunks.length,
    strayKeys: strays.length,
    uncompressedBytes: elementCount(shape) * dataType.itemSize,
    storedBytes: byteLength,
  };
}

/** As in a rectilinear grid, where the chunks have more than one shape. */
function chunkShapes(grid: ChunkGrid | undefined): ChunkLengths[] | null {
  return grid === undefined || grid.chunkShape !== undefined ? null : grid.axes.map(({ lengths }) => lengths);
}

function fillJson({ metadata: { dataType, fillValue, hasNullFill } }: ZarrArray): JsonValue {
  return hasNullFill ? null : dataType.formatFill(fillValue);
}

function dataTypeText({ metadata: { dataType } }: ZarrArray): string {
  const { name, configuration } = dataType;
  return configuration === undefined ? name : oneLine(`${name} ${formatJson(configuration, 0)}`);
}

/** Label and text of every line about an array; `undefined` where there is nothing to say. */
function arrayLines(array: ZarrArray, store: LocalStore): [string, string | undefined][] {
  const { shape, codecs, attributes } = array.metadata;
  const { chunkGrid, shardGrid } = array;
  const { grid, storedChunks, strayKeys, uncompressedBytes, storedBytes } = measure(array, store);
  const total = `${storedChunks} of ${count(elementCount(grid), shardGrid === undefined ? "chunk" : "shard")} stored`;
  return [
    ["zarr format", formatText(array.metadata)],
    ["shape", formatShape(shape)],
    ["data type", dataTypeText(array)],
    ["chunk shape", formatGrid(chunkGrid)],
    ["shard shape", shardGrid && formatGrid(shardGrid)],
    ["grid", `${formatShape(grid)}, ${total}${strayKeys > 0 ? `, ${count(strayKeys, "other key")}` : ""}`],
    ["codecs", formatCodecs(codecs)],
    ["fill value", oneLine(formatJson(fillJson(array), 0))],
    ["dimensions", array.dimensionNames?.map((name) => oneLine(name ?? "-")).join(", ")],
    ["attributes", attributesText(attributes)],
    ["uncompressed", formatBytes(uncompressedBytes)],
    ["stored", `${formatBytes(storedBytes)}, ratio ${formatRatio(uncompressedBytes, storedBytes)}`],
  ];
}

/** Zarr v3 goes without saying. */
function formatText({ zarrFormat }: StoredMetadata): string | undefined {
  return zarrFormat === 3 ? undefined : `${zarrFormat}`;
}

function attributesText(attributes: JsonObject): string | undefined {
  return attributes.size === 0 ? undefined : formatJson(attributes, 0);
}

const labelWidth = 14;

/** The lines of a node and of all below it, without the branches of the tree that lead to it. */
function* treeLines(entry: Entry, store: LocalStore): Generator<string, void, void> {
  if (entry.kind === "unreadable") {
    yield `${oneLine(entry.name)}  unreadable: ${oneLine(entry.error.message)}`;
    return;
  }
  yield `${oneLine(entry.name)}  ${entry.kind}`;
  if (entry.kind === "array") {
    for (const [label, text] of arrayLines(entry.array, store)) {
      if (text !== undefined) yield `  ${label.padEnd(labelWidth)}${text}`;
    }
    return;
  }
  const { group, members } = entry;
  const lines = [
    ["zarr format", formatText(group.metadata)],
    ["attributes", attributesText(group.metadata.attributes)],
  ] as const;
  const trunk = members.length > 0 ? "│" : " ";
  for (const [label, text] of lines) if (text !== undefined) yield `${trunk} ${label.padEnd(labelWidth)}${text}`;
  for (const [i, member] of members.entries()) {
    const isLast = i === members.length - 1;
    let branch = isLast ? "└── " : "├── ";
    for (const line of treeLines(member, store)) {
      yield branch + line;
      branch = isLast ? "    " : "│   ";
    }
  }
}

function describe(entry: Entry, store: LocalStore): Record<string, unknown> {
  switch (entry.kind) {
    case "unreadable":
      return { path: entry.path, kind: entry.kind, code: entry.error.code, message: entry.error.message };
    case "group":
      return {
        path: entry.group.path,
        kind: entry.kind,
        zarr_format: entry.group.metadata.zarrFormat,
        attributes: entry.group.metadata.attributes,
        members: entry.members.map((member) => describe(member, store)),
      };
    case "array":
      return describeArray(entry.array, store);
  }
}

/** Names as in `zarr.json` where it has them. */
function describeArray(array: ZarrArray, store: LocalStore): Record<string, unknown> {
  const { zarrFormat, shape, codecs, dataType, attributes, chunkKeyEncoding } = array.metadata;
  const { chunkGrid, shardGrid } = array;
  const { grid, storedChunks, strayKeys, uncompressedBytes, storedBytes } = measure(array, store);
  return {
    path: array.path,
    kind: "array",
    zarr_format: zarrFormat,
    shape,
    data_type: formatDataType(dataType),
    chunk_shape: chunkGrid.chunkShape ?? null,
    chunk_shapes: chunkShapes(chunkGrid),
    shard_shape: shardGrid?.chunkShape ?? null,
    shard_shapes: chunkShapes(shardGrid),
    inner_shapes: innerShapes(codecs),
    grid,
    chunks: elementCount(grid),
    stored_chunks: storedChunks,
    other_keys: strayKeys,
    chunk_key_encoding: { name: chunkKeyEncoding.name, separator: chunkKeyEncoding.separator },
    codecs: codecs.map(formatNamed),
    fill_value: fillJson(array),
    dimension_names: array.dimensionNames ?? null,
    attributes,
    uncompressed_bytes: uncompressedBytes,
    stored_bytes: storedBytes,
    ratio: storedBytes === 0 ? null : uncompressedBytes / storedBytes,
  };
}

export const infoCommand: Command = {
  name: "info",
  summary: "describe an array, or a group with everything below it",
  help: `Usage: syncodec info PATH [--json]

Describes the array or group in the directory PATH: shape, data type, chunks, shards, codecs, fill value,
attributes, and how much is stored.

Options:
  --json   one JSON document; numbers keep every digit`,

  async run(args, { stdout }) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" } },
    });
    expectPositionals(positionals, ["PATH"]);
    const store = openLocalStore(positionals[0]!);
    const tree = readTree(store);
    const text = values.json ? formatJson(fromPlain(describe(tree, store))) : [...treeLines(tree, store)].join("\n");
    await stdout.write(`${text}\n`);
    return 0;
  },
};
