/**
 * The `chunk_grid` of an array's document, read strictly into a {@link ChunkGrid}, and written.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/chunk-grids/regular-grid/index.html
 * https://github.com/zarr-developers/zarr-extensions/tree/main/chunk-grids/rectilinear
 */

import { ChunkGrid, type ChunkLengths, type ChunkRun } from "../grid/chunk_grid.js";
import { type JsonObject, type JsonValue, jsonNumber } from "./json.js";
import {
  at,
  expectArray,
  expectInteger,
  expectRank,
  expectShape,
  expectString,
  formatNamed,
  invalid,
  parseNamedMandatory,
  rejectUnknownFields,
  unsupported,
  type Where,
} from "./validate.js";

/** The grid of an array of `shape`. */
export function parseChunkGrid(value: JsonValue | undefined, shape: readonly number[], where: Where): ChunkGrid {
  const { name, configuration } = parseNamedMandatory(value, where);
  const inside = at(where, "configuration");
  switch (name) {
    case "regular": {
      rejectUnknownFields(configuration, ["chunk_shape"], inside);
      const chunkShape = expectShape(configuration.get("chunk_shape"), 1, at(inside, "chunk_shape"));
      expectRank(chunkShape.length, shape.length, at(inside, "chunk_shape"));
      return new ChunkGrid(chunkShape);
    }
    case "rectilinear": {
      const kind = expectString(configuration.get("kind"), at(inside, "kind"));
      if (kind !== "inline") throw unsupported(`kind ${JSON.stringify(kind)}`, at(inside, "kind"), '"inline"');
      rejectUnknownFields(configuration, ["kind", "chunk_shapes"], inside);
      return parseChunkShapes(configuration.get("chunk_shapes"), shape, at(inside, "chunk_shapes"));
    }
    default:
      throw unsupported(`chunk grid ${JSON.stringify(name)}`, where, '"regular" or "rectilinear"');
  }
}

/** `chunk_shapes` of a rectilinear grid: chunk lengths for every axis, which must hold all of an array of `shape`. */
export function parseChunkShapes(value: JsonValue | undefined, shape: readonly number[], where: Where): ChunkGrid {
  const axes = expectArray(value, where);
  expectRank(axes.length, shape.length, where);
  const grid = new ChunkGrid(axes.map((axis, d) => parseChunkLengths(axis, at(where, d))));
  grid.axes.forEach(({ end, lengths }, d) => {
    if (typeof lengths === "number") return;
    const maximum = Number.MAX_SAFE_INTEGER;
    if (end > maximum) throw invalid(at(where, d), `chunk lengths whose sum is at most ${maximum}`, jsonNumber(end));
    if (end < shape[d]!) {
      throw invalid(at(where, d), `chunk lengths whose sum is at least ${shape[d]}, as shape says`, jsonNumber(end));
    }
  });
  expectShape(grid.largestShape.map(jsonNumber), 1, where);
  return grid;
}

function parseChunkLengths(value: JsonValue, where: Where): ChunkLengths {
  const length = (item: JsonValue | undefined, place: Where): number => expectInteger(item, { minimum: 1 }, place);
  if (!Array.isArray(value)) return length(value, where);
  if (value.length === 0) throw invalid(where, "at least one chunk length", jsonNumber(0));
  return value.map((item, i): number | ChunkRun => {
    const place = at(where, i);
    if (!Array.isArray(item)) return length(item, place);
    if (item.length !== 2) throw invalid(place, "a length and a count", jsonNumber(item.length));
    return [length(item[0], at(place, 0)), length(item[1], at(place, 1))];
  });
}

/** A grid of chunks without end on every axis is a regular one: every reader knows it. */
export function formatChunkGrid({ axes }: ChunkGrid): JsonObject {
  const lengths = axes.map((axis) => formatChunkLengths(axis.lengths));
  const isRegular = axes.every((axis) => typeof axis.lengths === "number");
  const configuration = new Map<string, JsonValue>(
    isRegular
      ? [["chunk_shape", lengths]]
      : [
          ["kind", "inline"],
          ["chunk_shapes", lengths],
        ],
  );
  return formatNamed({ name: isRegular ? "regular" : "rectilinear", configuration, mustUnderstand: true });
}

function formatChunkLengths(lengths: ChunkLengths): JsonValue {
  if (typeof lengths === "number") return jsonNumber(lengths);
  return lengths.map((item) => (typeof item === "number" ? jsonNumber(item) : item.map(jsonNumber)));
}
