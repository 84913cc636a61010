/**
 * Selections: what a caller asks for, checked against an array's shape and brought into one form per axis.
 */

import { ArgumentError } from "../errors.js";

/** A range of indices along one axis, as zarrita's `slice` makes it; `null` = up to the end. */
export interface Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}

export function slice(stop: number | null): Slice;
export function slice(start: number | null, stop: number | null, step?: number | null): Slice;
/** `slice(stop)` or `slice(start, stop, step?)`. Negative bounds count from the end, as in Python; the step must be positive. */
export function slice(start: number | null, stop?: number | null, step: number | null = null): Slice {
  return stop === undefined ? { start: null, stop: start, step } : { start, stop, step };
}

/** Indices along one axis in any order, repeated or not; negative ones count from the end. */
export type IndexArray =
  | readonly number[]
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float64Array;

/** What a selection may say about one axis. */
export type AxisEntry = number | null | Slice | IndexArray | readonly boolean[];

/**
 * One entry per axis, or `null` for the whole array: a number drops its axis, `null` takes all of it, arrays of indices or booleans select
 * orthogonally. Missing trailing axes are taken whole.
 */
export type Selection = null | readonly AxisEntry[];

/** The elements `start`, `start + step`, … (`count` of them) along one axis. */
export interface AxisRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Elements picked one by one along one axis: element `indices[i]` goes to place `places[i]` of the result. */
export interface AxisPicks {
  readonly indices: Int32Array | Float64Array;
  readonly places: Int32Array | Float64Array;
  readonly count: number;
}

export type AxisSelection = AxisRange | AxisPicks;

export function isPicks(selection: AxisSelection): selection is AxisPicks {
  return "indices" in selection;
}

/** Single elements: coordinates per axis; point `i` goes to place `places[i]` of the result. */
export interface PointSelection {
  readonly coordinates: readonly (Int32Array | Float64Array)[];
  readonly places: Int32Array | Float64Array;
}

/** What is selected of an array, a chunk or a shard, in its own coordinates. */
export type ChunkSelection = readonly AxisSelection[] | PointSelection;

export interface NormalizedSelection {
  readonly axes: readonly AxisSelection[];
  /** Whether a number chose this axis, which then has no place in the result. */
  readonly dropped: readonly boolean[];
  /** Shape of the result. */
  readonly shape: readonly number[];
  /** An all-number selection, also `[]` on rank 0: the result is one element. */
  readonly isScalar: boolean;
}

function invalid(axis: number, expected: string, found: unknown): ArgumentError {
  return new ArgumentError("INVALID_SELECTION", `Invalid selection on axis ${axis}`, {
    expected,
    found: String(found),
  });
}

function checkInteger(value: unknown, axis: number, what: string): asserts value is number {
  if (typeof value !== "number")
    throw new TypeError(`Invalid selection on axis ${axis}: ${what} must be a number, not ${typeof value}`);
  if (!Number.isInteger(value)) throw invalid(axis, `an integer as ${what}`, value);
}

/** Checks one index and counts a negative one from the end. */
function normalizeIndex(value: unknown, length: number, axis: number): number {
  checkInteger(value, axis, "an index");
  const index = value < 0 ? value + length : value;
  if (index < 0 || index >= length) throw invalid(axis, `an index from ${-length} to ${length - 1}`, value);
  return index;
}

/** Room for `count` indices up to `length`. */
export function newIndices(count: number, length: number): Int32Array | Float64Array {
  return length <= 2 ** 31 ? new Int32Array(count) : new Float64Array(count);
}

function isIndexArray(part: object): part is Exclude<AxisEntry, number | null | Slice> {
  return Array.isArray(part) || (ArrayBuffer.isView(part) && !(part instanceof DataView));
}

function isBooleans(part: ArrayLike<unknown>): part is readonly boolean[] {
  return part.length > 0 && typeof part[0] === "boolean";
}

function normalizeArray(part: Exclude<AxisEntry, number | null | Slice>, length: number, axis: number): AxisPicks {
  if (isBooleans(part)) {
    if (part.length !== length) throw invalid(axis, `${length} booleans`, `${part.length}`);
    const chosen: number[] = [];
    part.forEach((value, index) => {
      if (typeof value !== "boolean")
        throw new TypeError(`Invalid selection on axis ${axis}: an array must hold only booleans or only numbers`);
      if (value) chosen.push(index);
    });
    return picksOf(chosen, length, axis);
  }
  return picksOf(part, length, axis);
}

function picksOf(values: ArrayLike<unknown>, length: number, axis: number): AxisPicks {
  const indices = newIndices(values.length, length);
  const places = newIndices(values.length, values.length);
  for (let i = 0; i < values.length; i++) {
    indices[i] = normalizeIndex(values[i], length, axis);
    places[i] = i;
  }
  return { indices, places, count: values.length };
}

/** Checks coordinates, one array per axis and all of one length. Throws `INVALID_SELECTION`. */
export function normalizePoints(coordinates: readonly ArrayLike<number>[], shape: readonly number[]): PointSelection {
  if (!Array.isArray(coordinates) || coordinates.length !== shape.length) {
    throw new ArgumentError("INVALID_SELECTION", "Points need one array of coordinates per axis", {
      expected: shape.length,
      found: String(coordinates?.length),
    });
  }
  const count = coordinates[0]?.length ?? 1;
  const checked = shape.map((length, axis) => {
    const values = coordinates[axis]!;
    if (values.length !== count) throw invalid(axis, `${count} coordinates`, `${values.length}`);
    return picksOf(values, length, axis).indices;
  });
  return { coordinates: checked, places: newIndices(count, count).map((_: number, i: number) => i) };
}

function normalizeSlice({ start, stop, step }: Slice, length: number, axis: number): AxisRange {
  const from = start === null ? 0 : normalizeBound(start, length, axis);
  const to = stop === null ? length : normalizeBound(stop, length, axis);
  const stride = step === null ? 1 : step;
  checkInteger(stride, axis, "a slice bound");
  if (stride < 1) throw invalid(axis, "a step of at least 1", stride);
  return { start: from, step: stride, count: Math.max(0, Math.ceil((to - from) / stride)) };
}

function normalizeBound(bound: unknown, length: number, axis: number): number {
  checkInteger(bound, axis, "a slice bound");
  return Math.min(Math.max(bound < 0 ? bound + length : bound, 0), length);
}

function normalizeAxis(part: Exclude<AxisEntry, number>, length: number, axis: number): AxisSelection {
  if (part === null) return { start: 0, step: 1, count: length };
  return isIndexArray(part) ? normalizeArray(part, length, axis) : normalizeSlice(part, length, axis);
}

/** Checks `selection` against `shape`. Throws `INVALID_SELECTION` for an index out of bounds, a bad step or too many axes. */
export function normalizeSelection(selection: Selection, shape: readonly number[]): NormalizedSelection {
  if (selection !== null && !Array.isArray(selection))
    throw new TypeError("A selection must be null or an array with one entry per axis");
  if (selection !== null && selection.length > shape.length) {
    throw new ArgumentError("INVALID_SELECTION", "Selection has too many axes", {
      expected: `at most ${shape.length}`,
      found: selection.length,
    });
  }
  const rank = shape.length;
  const axes = new Array<AxisSelection>(rank);
  const dropped = new Array<boolean>(rank);
  const resultShape: number[] = [];
  // A plain loop: small reads are mostly this, and a closure per call would double it.
  for (let axis = 0; axis < rank; axis++) {
    const length = shape[axis]!;
    const part: AxisEntry = selection?.[axis] ?? null;
    const isNumber = typeof part === "number";
    dropped[axis] = isNumber;
    if (isNumber) {
      axes[axis] = { start: normalizeIndex(part, length, axis), step: 1, count: 1 };
      continue;
    }
    if (part !== null && typeof part !== "object") {
      throw new TypeError(
        `Invalid selection on axis ${axis}: expected a number, null, slice() or an array, not ${typeof part}`,
      );
    }
    const range = normalizeAxis(part, length, axis);
    axes[axis] = range;
    resultShape.push(range.count);
  }
  return { axes, dropped, shape: resultShape, isScalar: selection !== null && !dropped.includes(false) };
}
