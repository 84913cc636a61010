/** The shapes of inner chunks, as far as a selection can reach each of them alone. */

import { JsonNumber, type JsonValue } from "../metadata/json.js";
import type { NamedConfiguration } from "../metadata/validate.js";
import { codecList } from "./format.js";

/** A list of integers in a configuration that has been checked when its array was opened. */
export function integerList(value: JsonValue | undefined): number[] {
  return Array.isArray(value) ? value.map((item) => (item instanceof JsonNumber ? Number(item.text) : 0)) : [];
}

/**
 * One shape for each level of sharding, outermost first. Ends where an array-to-array codec stands before a shard: such a shard is always
 * decoded as a whole, and its axes are not the array's.
 */
export function innerShapes(codecs: readonly NamedConfiguration[]): number[][] {
  const [first] = codecs;
  if (first?.name !== "sharding_indexed") return [];
  const { configuration } = first;
  return [integerList(configuration.get("chunk_shape")), ...innerShapes(codecList(configuration.get("codecs")))];
}
