/** The arguments of `syncodec copy`. */

import { JsonNumber, type JsonValue, parseJson } from "../metadata/json.js";
import { parseCodecList, parseShape } from "./codec_lists.js";
import { expectPositionals, parseArguments, parseFormat, UsageError } from "./command.js";
import type { LayoutChanges } from "./layout.js";

/** What is to be different in the copy. */
export interface Changes {
  readonly layout: LayoutChanges;
  /** Length of the shapes among the changes, if there are any: arrays of another rank stay as they are. */
  readonly rank: number | undefined;
  /** As in `zarr.json`. */
  readonly fillValue: JsonValue | undefined;
  /** Of all nodes of the copy. */
  readonly zarrFormat: 2 | 3 | undefined;
}

/** A number, true and false as in JSON; anything else is a string, with or without its quotes. */
function parseFillValue(text: string): JsonValue {
  if (/^(?:NaN|-?Infinity|0x[0-9a-fA-F]+)$/.test(text)) return text;
  const value = parseJson(text);
  if (value instanceof JsonNumber || typeof value === "boolean" || typeof value === "string") return value;
  throw new UsageError(`Option '--fill-value' must be a number, true, false, NaN, Infinity or -Infinity, not ${text}`);
}

export interface CopyOptions {
  readonly changes: Changes;
  readonly path: string;
  readonly overwrite: boolean;
  readonly source: string;
  readonly destination: string;
}

export function parseCopyOptions(args: readonly string[]): CopyOptions {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      chunks: text,
      shards: text,
      codecs: text,
      filters: text,
      serializer: text,
      compressors: text,
      "index-location": text,
      "fill-value": text,
      path: text,
      "zarr-format": text,
      overwrite: { type: "boolean" },
    },
  });
  expectPositionals(positionals, ["SRC", "DST"]);
  const { chunks, shards, codecs, filters, serializer, compressors, path = "/", overwrite = false } = values;
  const { "index-location": indexLocation, "fill-value": fillValue } = values;
  if (codecs !== undefined && (filters ?? serializer ?? compressors) !== undefined) {
    throw new UsageError("Pass either '--codecs', or '--filters', '--serializer' and '--compressors'");
  }
  if (indexLocation !== undefined && indexLocation !== "start" && indexLocation !== "end") {
    throw new UsageError(`Option '--index-location' must be start or end, not ${indexLocation}`);
  }
  const list = (value: string | undefined, option: string) =>
    value === undefined ? undefined : parseCodecList(value, option);
  const serializers = list(serializer, "serializer");
  if (serializers !== undefined && serializers.length !== 1) {
    throw new UsageError("Option '--serializer' takes exactly one codec");
  }
  const layout: LayoutChanges = {
    chunks: chunks === undefined ? undefined : parseShape(chunks, "chunks"),
    shards: shards === undefined || shards === "none" ? shards : parseShape(shards, "shards"),
    codecs: list(codecs, "codecs"),
    filters: list(filters, "filters"),
    serializer: serializers?.[0],
    compressors: list(compressors, "compressors"),
    indexLocation,
  };
  const ranks = [layout.chunks, layout.shards].flatMap((shape) => (Array.isArray(shape) ? [shape.length] : []));
  if (new Set(ranks).size > 1)
    throw new UsageError("Options '--chunks' and '--shards' must have the same number of axes");
  const fill = fillValue === undefined ? undefined : parseFillValue(fillValue);
  const [source = "", destination = ""] = positionals;
  const zarrFormat = parseFormat(values["zarr-format"], "zarr-format");
  return { changes: { layout, rank: ranks[0], fillValue: fill, zarrFormat }, path, overwrite, source, destination };
}
