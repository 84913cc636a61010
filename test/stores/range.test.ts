import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveRange, sliceRange } from "../../src/stores/range.js";

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
