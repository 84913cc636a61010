/** Random selections, together with the elements that they mean. */

import { type AxisEntry, type Selection, slice } from "../../src/index.js";
import { elementNumbers, range } from "./plain_array.js";
import type { Random } from "./random.js";

/** What one call selects. */
export interface Target {
  /** Arguments for a failure report. */
  readonly text: string;
  readonly selection: Selection | undefined;
  /** Set instead of `selection` for single points. */
  readonly points: readonly ArrayLike<number>[] | undefined;
  /** C-order numbers of the elements, in the order of the selection. */
  readonly numbers: Int32Array;
  /** Shape of the result. */
  readonly shape: readonly number[];
  /** The result is one element. */
  readonly isScalar: boolean;
}

interface AxisPart {
  readonly entry: AxisEntry;
  readonly indices: readonly number[];
}

const longestIndexArray = 40;

function axisPart(random: Random, length: number): AxisPart {
  const kind = random.weighted({ whole: 5, slice: 8, index: 4, indices: 3, repeated: 1, permuted: 1, booleans: 2 });
  if (kind === "whole" || (length === 0 && kind !== "slice")) return { entry: null, indices: range(0, length) };
  switch (kind) {
    case "slice":
      return slicePart(random, length);
    case "index": {
      const index = random.integer(0, length - 1);
      return { entry: random.chance(0.3) ? index - length : index, indices: [index] };
    }
    case "booleans": {
      const mask = range(0, length).map(() => random.chance(0.5));
      return { entry: mask, indices: range(0, length).filter((i) => mask[i]) };
    }
    default: {
      const count = random.integer(0, Math.min(length + 2, longestIndexArray));
      const isPermuted = kind === "permuted" && length <= longestIndexArray;
      const indices = isPermuted
        ? random.shuffled(range(0, length))
        : range(0, count).map(() => random.integer(0, kind === "repeated" ? Math.min(1, length - 1) : length - 1));
      // Signed: negative indices count from the end.
      const written = indices.map((index) => (random.chance(0.2) ? index - length : index));
      return { entry: random.chance(0.5) ? written : Int32Array.from(written), indices };
    }
  }
}

function slicePart(random: Random, length: number): AxisPart {
  const step = random.chance(0.7) ? 1 : random.integer(1, 3);
  const a = random.integer(0, length);
  const b = random.integer(0, length);
  const [start, stop] = [Math.min(a, b), Math.max(a, b)];
  const written = (bound: number): number =>
    bound > 0 && bound < length && random.chance(0.2) ? bound - length : bound;
  const entry = slice(
    start === 0 && random.chance(0.5) ? null : written(start),
    stop === length && random.chance(0.5) ? null : written(stop),
    step === 1 && random.chance(0.5) ? null : step,
  );
  return { entry, indices: range(0, length).filter((i) => i >= start && i < stop && (i - start) % step === 0) };
}

export function randomSelection(random: Random, shape: readonly number[]): Target {
  if (random.chance(0.08)) return wholeArray(shape);
  const parts = shape.map((length) => axisPart(random, length));
  const given = random.chance(0.1) ? random.integer(0, shape.length) : shape.length;
  for (let axis = given; axis < shape.length; axis++) parts[axis] = { entry: null, indices: range(0, shape[axis]!) };
  const selection = parts.slice(0, given).map(({ entry }) => entry);
  return {
    text: JSON.stringify(selection.map((entry) => (ArrayBuffer.isView(entry) ? Array.from(entry) : entry))),
    selection,
    points: undefined,
    numbers: elementNumbers(
      parts.map(({ indices }) => indices),
      shape,
    ),
    shape: parts.flatMap(({ entry, indices }) => (typeof entry === "number" ? [] : [indices.length])),
    isScalar: parts.every(({ entry }) => typeof entry === "number"),
  };
}

export function wholeArray(shape: readonly number[]): Target {
  const numbers = elementNumbers(
    shape.map((length) => range(0, length)),
    shape,
  );
  return { text: "null", selection: null, points: undefined, numbers, shape, isScalar: false };
}

/** All that lies from `start` to `stop` along one axis. */
export function sliceAlong(shape: readonly number[], axis: number, start: number, stop: number): Target {
  const selection = shape.map((_, d) => (d === axis ? slice(start, stop) : null));
  const numbers = elementNumbers(
    shape.map((length, d) => (d === axis ? range(start, stop) : range(0, length))),
    shape,
  );
  const text = JSON.stringify(selection);
  return { text, selection, points: undefined, numbers, shape: shape.with(axis, stop - start), isScalar: false };
}

/** Single points, some of them repeated. `undefined` if the array has no elements. */
export function randomPoints(random: Random, shape: readonly number[]): Target | undefined {
  if (shape.includes(0)) return undefined;
  const count = shape.length === 0 ? 1 : random.integer(0, 20);
  const points: number[][] = [];
  for (let i = 0; i < count; i++) {
    const isRepeated = i > 0 && random.chance(0.15);
    points.push(isRepeated ? random.pick(points) : shape.map((length) => random.integer(0, length - 1)));
  }
  const numbers = Int32Array.from(points, (point) =>
    point.reduce((number, index, axis) => number * shape[axis]! + index, 0),
  );
  const coordinates = shape.map((length, axis) => {
    const written = points.map((point) => (random.chance(0.2) ? point[axis]! - length : point[axis]!));
    return random.chance(0.5) ? written : Int32Array.from(written);
  });
  const text = JSON.stringify(coordinates.map((axis) => Array.from(axis)));
  return {
    text: `points ${text}`,
    selection: undefined,
    points: coordinates,
    numbers,
    shape: [count],
    isScalar: false,
  };
}
