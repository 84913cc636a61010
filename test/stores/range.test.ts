import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPatch, resolveRange, sliceRange } from "../../src/stores/range.js";
import type { Patch } from "../../src/stores/store.js";

const count = fc.oneof(fc.nat(40), fc.maxSafeNat());

describe("resolveRange", () => {
  it("selects what Array.prototype.slice selects", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), count, count, (value, offset, length) => {
        const { start, end } = resolveRange({ offset, length }, value.byteLength);
        expect(start <= end && end <= value.byteLength).toBe(true);
        expect([...value.slice(start, end)]).toEqual([...value].slice(offset).slice(0, length));
        expect([...sliceRange(value, { suffixLength: length })]).toEqual(
          [...value].slice(Math.max(0, value.length - length)),
        );
      }),
    );
  });

  it("is exact beyond 2³²", () => {
    const byteLength = 2 ** 40 + 7;
    expect(resolveRange({ offset: 2 ** 40, length: 3 }, byteLength)).toEqual({ start: 2 ** 40, end: 2 ** 40 + 3 });
    expect(resolveRange({ suffixLength: 5 }, byteLength)).toEqual({ start: 2 ** 40 + 2, end: byteLength });
  });

  it("gives the whole value, as it is, without a range", () => {
    const value = new Uint8Array(3);
    expect(resolveRange(undefined, 3)).toEqual({ start: 0, end: 3 });
    expect(sliceRange(value, undefined)).toBe(value);
  });

  it("gives views of the value's buffer", () => {
    const value = new Uint8Array(3);
    expect(sliceRange(value, { offset: 1, length: 1 }).buffer).toBe(value.buffer);
  });
});

describe("refused counts", () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("%d", (bad) => {
    const error = expect.objectContaining({ code: "INVALID_ARGUMENT", found: bad });
    expect(() => resolveRange({ offset: bad, length: 1 }, 10)).toThrow(error);
    expect(() => resolveRange({ offset: 1, length: bad }, 10)).toThrow(error);
    expect(() => resolveRange({ suffixLength: bad }, 10)).toThrow(error);
    expect(() => checkPatch("k", { writes: [], byteLength: bad }, 10)).toThrow(error);
    expect(() => checkPatch("k", { writes: [{ offset: bad, bytes: new Uint8Array(0) }] }, 10)).toThrow(error);
  });

  it("zero is none of them", () => {
    expect(resolveRange({ offset: 0, length: 0 }, 0)).toEqual({ start: 0, end: 0 });
    expect(resolveRange({ suffixLength: 0 }, 3)).toEqual({ start: 3, end: 3 });
    expect(checkPatch("k", { writes: [{ offset: 0, bytes: new Uint8Array(0) }], byteLength: 0 }, 3)).toBe(0);
  });
});

describe("checkPatch", () => {
  const write = (offset: number, length: number) => ({ offset, bytes: new Uint8Array(length) });

  it("gives the length after the patch: the given one, else the old one", () => {
    expect(checkPatch("k", { writes: [] }, 7)).toBe(7);
    expect(checkPatch("k", { writes: [write(2, 5)] }, 7)).toBe(7);
    expect(checkPatch("k", { writes: [write(0, 9)], byteLength: 9 }, 7)).toBe(9);
    expect(checkPatch("k", { writes: [write(0, 3)], byteLength: 3 }, 7)).toBe(3);
  });

  it.each<[Patch, number]>([
    [{ writes: [write(2, 6)] }, 8],
    [{ writes: [write(0, 1), write(7, 1)] }, 8],
    [{ writes: [write(0, 4)], byteLength: 3 }, 4],
    [{ writes: [write(8, 0)] }, 8],
  ])("refuses a write past the end (%#)", (patch, end) => {
    const error = { code: "STORE_ERROR", key: "k", found: end, expected: `at most ${patch.byteLength ?? 7} bytes` };
    expect(() => checkPatch("k", patch, 7)).toThrow(expect.objectContaining(error));
  });
});
