/** Numbers, shapes and codecs for people. */

import type { ChunkAxis, ChunkGrid } from "../index.js";
import { formatJson, JsonNumber, type JsonObject, type JsonValue } from "../metadata/json.js";
import { type NamedConfiguration, parseNamed } from "../metadata/validate.js";

const units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** `512 B`, `123.4 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  // 1023.95 would be rounded to 1024.0.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 100 ? 2 : 1)} s`;
}

/** How many times smaller `stored` is than `plain`, both in bytes. */
export function formatRatio(plain: number, stored: number): string {
  const ratio = plain / stored;
  return stored === 0 ? "-" : ratio.toFixed(ratio < 100 ? 2 : 0);
}

/** `1 array`, `2 arrays`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** Items of a list before it breaks off. */
const longestList = 20;

/** The shape of its chunks, `[10, 20]`, or the lengths per axis where they differ: `[[10 × 3, 5], 20]`. */
export function formatGrid({ axes }: ChunkGrid): string {
  const formatAxis = ({ lengths }: ChunkAxis): string => {
    if (typeof lengths === "number") return `${lengths}`;
    const items = lengths
      .slice(0, longestList)
      .map((item) => (typeof item === "number" ? `${item}` : `${item[0]} × ${item[1]}`));
    return `[${items.join(", ")}${lengths.length > longestList ? ", …" : ""}]`;
  };
  return `[${axes.map(formatAxis).join(", ")}]`;
}

/** On one line, and without what else would steer a terminal: names and messages may come from stored metadata. */
export function oneLine(text: string): string {
  return text.replace(/\s*\p{Cc}+\s*/gu, " ").trim();
}

/** A chain on one line: `transpose(1, 0) → bytes(big) → zstd(3) → crc32c`; inner and index chains of shards in parentheses. */
export function formatCodecs(codecs: readonly NamedConfiguration[]): string {
  return codecs.length === 0 ? "none" : codecs.map(formatCodec).join(" → ");
}

function formatCodec({ name, configuration }: NamedConfiguration): string {
  const values = name === "sharding_indexed" ? formatSharding(configuration) : [...configuration].map(formatSetting);
  const text = values.filter((value) => value !== "").join(", ");
  return text === "" ? name : `${name}(${text})`;
}

/** The settings that everybody knows go without their names. */
function formatSetting([name, value]: [string, JsonValue]): string {
  if (name === "level" || name === "endian" || name === "cname") return formatValue(value);
  if (name === "order" && Array.isArray(value)) return value.map(formatValue).join(", ");
  if (name === "checksum" && typeof value === "boolean") return value ? "checksum" : "";
  return `${name} ${formatValue(value)}`;
}

function formatValue(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  return typeof value === "string" ? value : formatJson(value, 0);
}

function formatSharding(configuration: JsonObject): string[] {
  const chunkShape = configuration.get("chunk_shape");
  const shape = Array.isArray(chunkShape) ? `[${chunkShape.map(formatValue).join(", ")}]` : "?";
  const location = configuration.get("index_location") ?? "end";
  const inner = formatNestedCodecs(configuration.get("codecs"));
  const index = formatNestedCodecs(configuration.get("index_codecs"));
  return [`${shape}: ${inner}; index at ${formatValue(location)}: ${index}`];
}

function formatNestedCodecs(value: JsonValue | undefined): string {
  return formatCodecs(codecList(value));
}

/** The codecs in a list of a configuration; the array must have been opened, so that the list is known to be one. */
export function codecList(value: JsonValue | undefined): NamedConfiguration[] {
  return Array.isArray(value) ? value.map((item) => parseNamed(item, { field: "codecs" })) : [];
}
