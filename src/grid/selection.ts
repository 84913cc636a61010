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

/** One entry per axis (a number drops its axis, `null` takes all of it), or `null` for the whole array. Missing trailing axes are taken whole. */
export type Selection = null | readonly (number | null | Slice)[];

/** The elements `start`, `start + step`, … (`count` of them) along one axis. */
export interface AxisSelection {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

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

function normalizeSlice({ start, stop, step }: Slice, length: number, axis: number): AxisSelection {
  for (const bound of [start, stop, step]) if (bound !== null) checkInteger(bound, axis, "a slice bound");
  const stride = step ?? 1;
  if (stride < 1) throw invalid(axis, "a step of at least 1", stride);
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + length : bound, 0), length);
  const from = clamp(start ?? 0);
  const to = clamp(stop ?? length);
  return { start: from, step: stride, count: Math.max(0, Math.ceil((to - from) / stride)) };
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
  const dropped: boolean[] = [];
  const resultShape: number[] = [];
  const axes = shape.map((length, axis): AxisSelection => {
    const part = selection?.[axis] ?? null;
    const isNumber = typeof part === "number";
    dropped.push(isNumber);
    if (isNumber) {
      checkInteger(part, axis, "an index");
      const index = part < 0 ? part + length : part;
      if (index < 0 || index >= length) throw invalid(axis, `an index from ${-length} to ${length - 1}`, part);
      return { start: index, step: 1, count: 1 };
    }
    if (part !== null && typeof part !== "object")
      throw new TypeError(`Invalid selection on axis ${axis}: expected a number, null or slice(), not ${typeof part}`);
    const range = part === null ? { start: 0, step: 1, count: length } : normalizeSlice(part, length, axis);
    resultShape.push(range.count);
    return range;
  });
  return { axes, dropped, shape: resultShape, isScalar: selection !== null && dropped.every(Boolean) };
}
