/** Codecs and shapes as they are written on a command line. */

import type { CodecOption } from "../index.js";
import { type JsonValue, parseJson } from "../metadata/json.js";
import { parseNamed } from "../metadata/validate.js";
import { UsageError } from "./command.js";

/** What the text after the colon sets, in `zstd:3` and `bytes:big`. */
const shortSettings: ReadonlyMap<string, string> = new Map([
  ["zstd", "level"],
  ["gzip", "level"],
  ["bytes", "endian"],
]);

function parseShort(text: string, option: string): CodecOption {
  const [name = "", setting, ...rest] = text.trim().split(":");
  if (setting === undefined) return name;
  const field = shortSettings.get(name);
  if (field === undefined || rest.length > 0) {
    throw new UsageError(`Option '--${option}': cannot read "${text}", write the codec's configuration as JSON`);
  }
  if (field !== "level") return { name, configuration: { [field]: setting } };
  if (!/^[+-]?\d+$/.test(setting)) {
    throw new UsageError(`Option '--${option}': the level in "${text}" must be an integer`);
  }
  return { name, configuration: { level: Number(setting) } };
}

function fromJson(value: JsonValue, option: string): CodecOption {
  const { name, configuration } = parseNamed(value, { field: `--${option}` });
  // The values stay JSON, so that numbers keep their digits.
  return { name, configuration: Object.fromEntries(configuration) };
}

/** `none`, a comma-separated list such as `zstd:3,crc32c`, or a JSON array as in `zarr.json`. */
export function parseCodecList(text: string, option: string): CodecOption[] {
  if (text === "none" || text === "") return [];
  if (!/^\s*[[{]/.test(text)) return text.split(",").map((item) => parseShort(item, option));
  const value = parseJson(text);
  return (Array.isArray(value) ? value : [value]).map((item) => fromJson(item, option));
}

/** `64,64`. */
export function parseShape(text: string, option: string): number[] {
  const shape = text.split(",").map((item) => (/^\s*[0-9]+\s*$/.test(item) ? Number(item) : 0));
  if (shape.every((length) => Number.isSafeInteger(length) && length > 0)) return shape;
  throw new UsageError(`Option '--${option}' takes positive integers with commas between them, not "${text}"`);
}
