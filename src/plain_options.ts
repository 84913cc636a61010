/** Options that are plain JavaScript values, as arrays of either format take them. */

import { fromPlain, type JsonObject } from "./metadata/json.js";

/** A shape as the caller gave it. Its numbers are checked with the document that they go into. */
export function numbersFromOption(shape: unknown, name: string): readonly number[] {
  if (!Array.isArray(shape) || shape.some((length) => typeof length !== "number"))
    throw new TypeError(`${name} must be an array of numbers`);
  return shape;
}

/** Attributes as they are stored in a node of `format`: Zarr v2 has Python's words for NaN and the infinities. */
export function attributesFromPlain(attributes: Readonly<Record<string, unknown>>, format: 2 | 3 = 3): JsonObject {
  const json = fromPlain(attributes, { nonFinite: format === 2 });
  if (!(json instanceof Map)) throw new TypeError("attributes must be an object");
  return json;
}
