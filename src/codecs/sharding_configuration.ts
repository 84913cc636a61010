/** The configuration of `sharding_indexed` as JSON. */

import { type JsonValue, jsonNumber } from "../metadata/json.js";
import type { IndexLocation } from "./sharding_indexed.js";

export function shardingConfiguration(
  chunkShape: readonly number[],
  codecs: JsonValue[],
  indexCodecs: JsonValue[],
  indexLocation: IndexLocation,
): Map<string, JsonValue> {
  return new Map<string, JsonValue>([
    ["chunk_shape", chunkShape.map(jsonNumber)],
    ["codecs", codecs],
    ["index_codecs", indexCodecs],
    ["index_location", indexLocation],
  ]);
}
