/**
 * `reshape`: gives the chunk another shape of as many elements, in the same C order.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/reshape
 */

import { JsonNumber, type JsonValue } from "../metadata/json.js";
import {
  at,
  expectArray,
  expectInteger,
  invalid,
  maximumRank,
  rejectUnknownFields,
  type Where,
} from "../metadata/validate.js";
import { type ArrayToArrayCodec, elementCount } from "./codec.js";

const name = "reshape";

/** A length, the axes of the input whose lengths are multiplied, or what is left for this axis. */
type Dimension = number | readonly number[] | "rest";

function parseDimension(value: JsonValue, where: Where): Dimension {
  if (Array.isArray(value)) {
    return value.map((axis, i) => expectInteger(axis, { minimum: 0, maximum: maximumRank - 1 }, at(where, i)));
  }
  if (value instanceof JsonNumber && value.text === "-1") return "rest";
  if (value instanceof JsonNumber) return expectInteger(value, { minimum: 1 }, where);
  throw invalid(where, "a length, an array of axes or -1", value);
}

function parseShape(value: JsonValue | undefined, where: Where): Dimension[] {
  const list = expectArray(value, where);
  if (list.length > maximumRank) throw invalid(where, `at most ${maximumRank} dimensions`, list);
  const dimensions = list.map((each, i) => parseDimension(each, at(where, i)));
  if (dimensions.filter((each) => each === "rest").length > 1) throw invalid(where, "-1 at most once", list);
  const axes = dimensions.flatMap((each) => (typeof each === "object" ? each : []));
  if (axes.some((axis, i) => i > 0 && axis <= axes[i - 1]!)) throw invalid(where, "axes in increasing order", list);
  return dimensions;
}

/** The shape that `dimensions` make of `input`; undefined if it has another number of elements, or axes where the input has none. */
function reshaped(dimensions: readonly Dimension[], input: readonly number[]): number[] | undefined {
  const total = elementCount(input);
  const lengths = dimensions.map((each) => {
    if (typeof each === "object") return elementCount(each.map((axis) => input[axis] ?? Number.NaN));
    return each === "rest" ? 1 : each;
  });
  const rest = dimensions.indexOf("rest");
  if (rest >= 0) lengths[rest] = total / elementCount(lengths);
  const fits = elementCount(lengths) === total && lengths.every(Number.isInteger);
  return fits ? lengths : undefined;
}

/** Whether each dimension that names axes runs over just those of `input`: as many elements lie before and after both. */
function isAligned(dimensions: readonly Dimension[], shape: readonly number[], input: readonly number[]): boolean {
  return dimensions.every((axes, i) => {
    if (typeof axes !== "object" || axes.length === 0) return true;
    const before = elementCount(shape.slice(0, i)) === elementCount(input.slice(0, axes[0]));
    return before && elementCount(shape.slice(i + 1)) === elementCount(input.slice(axes.at(-1)! + 1));
  });
}

export const reshapeCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["shape"], where);
    const shapeAt = at(where, "shape");
    const value = configuration.get("shape");
    const dimensions = parseShape(value, shapeAt);
    return {
      bind(spec) {
        const input = spec.shape;
        const shape = reshaped(dimensions, input);
        if (shape === undefined) throw invalid(shapeAt, `as many elements as in [${input.join(", ")}]`, value);
        if (!isAligned(dimensions, shape, input)) {
          throw invalid(
            shapeAt,
            `axes that lie in [${shape.join(", ")}] where they lie in [${input.join(", ")}]`,
            value,
          );
        }
        const size = { kind: "fixed", bytes: elementCount(shape) * spec.dataType.itemSize } as const;
        const base = { name, decodedSize: size, encodedSize: size };
        const isSame = shape.length === input.length && shape.every((length, axis) => length === input[axis]);
        if (isSame) return { encoded: spec, codec: { ...base, place: "identity" } };
        return {
          encoded: { ...spec, shape },
          // No identity, although bytes stay as they are: selections of the chunk must not reach a shard of another shape.
          codec: { ...base, place: "wasm", encode: (_, span) => span, decode: (_, span) => span },
        };
      },
    };
  },
};
