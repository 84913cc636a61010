import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromUnsigned } from "../reference/elements.js";
import { roundFloats, roundIntegers } from "../reference/round_bits.js";
import { Arena, builds, skew } from "./arena.js";

/** Elements of any length in bits, all ones among them, where carries run far. */
function elements(itemSize: number): fc.Arbitrary<Uint8Array> {
  const width = itemSize * 8;
  const element = fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n }), fc.nat(width - 1), fc.boolean())
    .map(([bits, shift, isInverted]) => {
      const shifted = bits >> BigInt(shift);
      return isInverted ? BigInt.asUintN(width, ~shifted) : shifted;
    });
  return fc.array(element, { maxLength: 40 }).map((list) => fromUnsigned(list, itemSize));
}

describe.each(builds)("roundFloats and roundIntegers (%s)", (_name, kernels) => {
  it.each([2, 4, 8])("of floats of %i bytes equals the reference, in place too", (itemSize) => {
    const dropped = fc.integer({ min: 1, max: itemSize * 8 - 1 });
    fc.assert(
      fc.property(elements(itemSize), dropped, skew, skew, (bytes, bits, dstSkew, srcSkew) => {
        const { length } = bytes;
        const arena = new Arena(kernels);
        const src = arena.input(bytes, srcSkew);
        const dst = arena.output(length, dstSkew);
        const place = arena.output(bytes, dstSkew);
        expect(kernels.roundFloats(dst, length, src, length, itemSize, bits)).toBe(length);
        expect(kernels.roundFloats(place, length, place, length, itemSize, bits)).toBe(length);
        const expected = roundFloats(bytes, itemSize, bits);
        expect(arena.read(dst, length)).toEqual(expected);
        expect(arena.read(place, length)).toEqual(expected);
        arena.check();
      }),
    );
  });

  it.each([1, 2, 4, 8])("of integers of %i bytes equals the reference", (itemSize) => {
    const kept = fc.integer({ min: 1, max: itemSize * 8 });
    fc.assert(
      fc.property(elements(itemSize), kept, fc.boolean(), skew, skew, (bytes, bits, isSigned, dstSkew, srcSkew) => {
        const { length } = bytes;
        const arena = new Arena(kernels);
        const src = arena.input(bytes, srcSkew);
        const dst = arena.output(length, dstSkew);
        expect(kernels.roundIntegers(dst, length, src, length, itemSize, bits, isSigned ? 1 : 0)).toBe(length);
        expect(arena.read(dst, length)).toEqual(roundIntegers(bytes, itemSize, bits, isSigned));
        arena.check();
      }),
      { numRuns: 300 },
    );
  });

  it("refuse an incomplete element, a short dst, and bits that there are not, and write nothing", () => {
    const arena = new Arena(kernels);
    const src = arena.input(new Uint8Array(64));
    const dst = arena.input(new Uint8Array(64).fill(1));
    expect(kernels.roundFloats(dst, 64, src, 31, 4, 3)).toBe(-(1 + 28));
    expect(kernels.roundFloats(dst, 31, src, 32, 4, 3)).toBe(-(1 + 31));
    expect(kernels.roundIntegers(dst, 64, src, 31, 2, 3, 0)).toBe(-(1 + 30));
    expect(kernels.roundIntegers(dst, 31, src, 32, 1, 3, 0)).toBe(-(1 + 31));
    for (const dropped of [-1, 0, 32, 33]) expect(kernels.roundFloats(dst, 64, src, 64, 4, dropped)).toBe(-1);
    for (const kept of [-1, 0, 33]) expect(kernels.roundIntegers(dst, 64, src, 64, 4, kept, 1)).toBe(-1);
    for (const itemSize of [0, 1, 3, 16]) expect(kernels.roundFloats(dst, 64, src, 48, itemSize, 3)).toBe(-1);
    for (const itemSize of [0, 3, 16]) expect(kernels.roundIntegers(dst, 64, src, 48, itemSize, 3, 0)).toBe(-1);
    arena.check();
  });
});
