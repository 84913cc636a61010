import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteswap, crc32c } from "../../src/index.js";
import { byteswap as byteswapReference } from "../reference/byteswap.js";
import { crc32c as crc32cReference } from "../reference/crc32c.js";

const ascii = (text: string) => new TextEncoder().encode(text);

describe("crc32c", () => {
  test("known vectors", () => {
    expect(crc32c(new Uint8Array(0))).toBe(0);
    expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
    expect(crc32c(ascii("a"))).toBe(0xc1d04330);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  });

  test("chains over any split, on unaligned views, without changing them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(), (bytes, position) => {
        const split = position % (bytes.length + 1);
        const copy = bytes.slice();
        expect(crc32c(bytes.subarray(split), crc32c(bytes.subarray(0, split)))).toBe(crc32c(bytes));
        expect(crc32c(bytes)).toBe(crc32cReference(bytes));
        expect(bytes).toEqual(copy);
      }),
    );
  });

  test("of more than one staging piece", () => {
    const bytes = Uint8Array.from({ length: 600_001 }, (_, i) => Math.imul(i, 31) >>> 3);
    expect(crc32c(bytes)).toBe(crc32cReference(bytes));
  });

  test.each([["a string"], [[1, 2]], [Uint16Array.of(1, 2)], [new DataView(new ArrayBuffer(4))], [undefined]])(
    "refuses %o",
    (value) => {
      expect(() => crc32c(value as never)).toThrow(new TypeError("Bytes must be a Uint8Array"));
      expect(() => byteswap(value as never, 2)).toThrow(TypeError);
    },
  );
});

describe("byteswap", () => {
  test("is the reference, in a new array", () => {
    const sizes = fc.constantFrom(2 as const, 4 as const, 8 as const, 16 as const);
    fc.assert(
      fc.property(sizes, fc.uint8Array({ minLength: 16, maxLength: 400 }), fc.nat({ max: 3 }), (size, bytes, skew) => {
        const view = bytes.subarray(skew, skew + Math.floor((bytes.length - skew) / size) * size);
        const copy = view.slice();
        const swapped = byteswap(view, size);
        expect(swapped).toEqual(byteswapReference(copy, size));
        expect(view).toEqual(copy);
        expect(byteswap(swapped, size)).toEqual(copy);
        expect(swapped.buffer).not.toBe(view.buffer);
      }),
    );
    expect(byteswap(new Uint8Array(0), 8)).toEqual(new Uint8Array(0));
  });

  test("refuses other sizes and lengths", () => {
    expect(() => byteswap(new Uint8Array(6), 4)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", expected: 4, found: 6 }),
    );
    for (const size of [0, 1, 3, 32, -2, Number.NaN, "2"])
      expect(() => byteswap(new Uint8Array(6), size as 2)).toThrow(
        expect.objectContaining({ reason: "Invalid item size", expected: "2, 4, 8 or 16", found: String(size) }),
      );
  });
});
