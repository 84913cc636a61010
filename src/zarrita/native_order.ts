/**
 * The order of axes in zarrita's results. Its chunks lie in memory as they are stored: the first transpose of the chain, in a sharded array
 * of the inner chunks' chain, says in which order; `stride` tells. Results of a selection keep that order among the axes that are left.
 */

import type { ZarrArray } from "../array.js";
import { type JsonValue, toPlain } from "../metadata/json.js";
import { type NamedConfiguration, parseNamed } from "../metadata/validate.js";

function innerCodecs(codecs: readonly NamedConfiguration[]): readonly NamedConfiguration[] {
  const sharding = codecs.find(({ name }) => name === "sharding_indexed");
  const inner: JsonValue | undefined = sharding?.configuration.get("codecs");
  return Array.isArray(inner) ? inner.map((each) => parseNamed(each, { field: "codecs" })) : codecs;
}

/** Axes from the one with the longest strides to the one with the shortest. */
export function nativeOrder({ metadata: { codecs, shape } }: ZarrArray): readonly number[] {
  const order = innerCodecs(codecs)
    .find(({ name }) => name === "transpose")
    ?.configuration.get("order");
  if (!Array.isArray(order)) return [...shape.keys()];
  return order.map((axis) => Number(toPlain(axis)));
}

/** Strides, in elements, of an array of `shape` whose axes are those of `order` that a selection has not dropped. */
export function stridesIn(order: readonly number[], shape: readonly number[], dropped: readonly boolean[]): number[] {
  const positions = dropped.map((_, axis) => dropped.slice(0, axis).filter((each) => !each).length);
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const axis of order.toReversed()) {
    if (dropped[axis]) continue;
    const position = positions[axis]!;
    strides[position] = step;
    step *= shape[position]!;
  }
  return strides;
}
