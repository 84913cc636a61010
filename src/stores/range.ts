/**
 * Byte ranges and patches against a value of known length: the arithmetic that every store shares.
 */
import { ArgumentError, RuntimeError } from "../errors.js";
import type { ByteRange, OpenValue, Patch } from "./store.js";

function checkByteCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ArgumentError("INVALID_ARGUMENT", `${name} must be a non-negative integer of bytes`, { found: value });
  }
}

/**
 * The half-open span `[start, end)` that `range` selects in a value of `byteLength` bytes, clamped to the value: what lies past its end
 * is left out. Without a range, the whole value.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` for an offset or length that is negative or not an integer.
 */
export function resolveRange(range: ByteRange | undefined, byteLength: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: byteLength };
  if ("suffixLength" in range) {
    checkByteCount("suffixLength", range.suffixLength);
    return { start: Math.max(0, byteLength - range.suffixLength), end: byteLength };
  }
  checkByteCount("offset", range.offset);
  checkByteCount("length", range.length);
  const start = Math.min(range.offset, byteLength);
  return { start, end: start + Math.min(range.length, byteLength - start) };
}

/** The bytes of `value` that `range` selects: a view, not a copy. */
export function sliceRange(value: Uint8Array, range: ByteRange | undefined): Uint8Array {
  if (range === undefined) return value;
  const { start, end } = resolveRange(range, value.byteLength);
  return value.subarray(start, end);
}

/**
 * Checks a whole patch before its first byte is written, and returns the value's length in bytes after it.
 *
 * @param byteLength Length of the value before the patch.
 * @throws RuntimeError `STORE_ERROR` if a write reaches past the resulting length.
 */
export function checkPatch(key: string, patch: Patch, byteLength: number): number {
  const patchedLength = patch.byteLength ?? byteLength;
  checkByteCount("byteLength", patchedLength);
  for (const { offset, bytes } of patch.writes) {
    checkByteCount("offset", offset);
    if (offset + bytes.byteLength > patchedLength) {
      throw new RuntimeError("STORE_ERROR", `a write of ${bytes.byteLength} bytes reaches past the end of the value`, {
        key,
        offset,
        expected: `at most ${patchedLength} bytes`,
        found: offset + bytes.byteLength,
      });
    }
  }
  return patchedLength;
}

/** A value in memory, open; `current` gives what is stored under its key now. Its version is the array itself. */
export function openBytes(value: Uint8Array, current: () => Uint8Array | undefined): OpenValue {
  return {
    byteLength: value.byteLength,
    bytes: value,
    read: (range) => sliceRange(value, range),
    readInto(range, target) {
      const bytes = sliceRange(value, range);
      if (bytes.byteLength <= target.byteLength) target.set(bytes);
      return bytes.byteLength;
    },
    version: current,
    close: () => undefined,
  };
}

/** Whether `bytes` can be what the store holds in `range`: a server without range requests answers with the whole value. */
export function fitsRange(bytes: Uint8Array | undefined, range: ByteRange): boolean {
  return bytes === undefined || bytes.byteLength <= ("suffixLength" in range ? range.suffixLength : range.length);
}
