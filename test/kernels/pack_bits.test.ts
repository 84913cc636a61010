import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packBits, unpackBits } from "../reference/pack_bits.js";
import { Arena, builds, skew } from "./arena.js";

const parts = fc.constantFrom(1, 2, 4, 8).chain((itemSize) =>
  fc.tuple(fc.nat(itemSize * 8 - 1), fc.nat(itemSize * 8 - 1)).chain(([a, b]) =>
    fc.record({
      itemSize: fc.constant(itemSize),
      firstBit: fc.constant(Math.min(a, b)),
      bitCount: fc.constant(Math.abs(a - b) + 1),
    }),
  ),
);
const booleans = fc.constant({ itemSize: 1, firstBit: 0, bitCount: 1 });

describe.each(builds)("packBits and unpackBits (%s)", (_name, kernels) => {
  it("equal the references", () => {
    fc.assert(
      fc.property(
        fc.oneof(parts, booleans),
        fc.uint8Array({ maxLength: 400 }),
        fc.boolean(),
        skew,
        skew,
        ({ itemSize, firstBit, bitCount }, random, isSigned, dstSkew, srcSkew) => {
          const count = Math.floor(random.length / itemSize);
          const bytes = random.slice(0, count * itemSize);
          const packed = packBits(bytes, itemSize, firstBit, bitCount);
          const unpacked = unpackBits(packed, count, itemSize, firstBit, bitCount, isSigned);

          const arena = new Arena(kernels);
          const src = arena.input(bytes, srcSkew);
          const dst = arena.output(packed.length, dstSkew);
          expect(kernels.packBits(dst, packed.length, src, bytes.length, itemSize, firstBit, bitCount)).toBe(
            packed.length,
          );
          expect(arena.read(dst, packed.length)).toEqual(packed);

          const back = arena.output(bytes.length, srcSkew);
          const from = arena.input(packed, dstSkew);
          const sign = isSigned ? 1 : 0;
          expect(kernels.unpackBits(back, bytes.length, from, packed.length, itemSize, firstBit, bitCount, sign)).toBe(
            bytes.length,
          );
          expect(arena.read(back, bytes.length)).toEqual(unpacked);
          arena.check();
        },
      ),
      { numRuns: 500 },
    );
  });

  it("leave out what lies around the bits that are packed", () => {
    const arena = new Arena(kernels);
    const src = arena.input(new Uint8Array(20).fill(0xfe));
    const dst = arena.output(3);
    expect(kernels.packBits(dst, 3, src, 20, 1, 0, 1)).toBe(3);
    expect(arena.read(dst, 3)).toEqual(new Uint8Array(3));
    arena.check();
  });

  it("refuse an incomplete element, a short span, and bits that there are not, and write nothing", () => {
    const arena = new Arena(kernels);
    const long = arena.input(new Uint8Array(64));
    const dst = arena.input(new Uint8Array(64).fill(1));
    expect(kernels.packBits(dst, 64, long, 30, 4, 0, 3)).toBe(-(1 + 28));
    expect(kernels.packBits(dst, 2, long, 24, 1, 0, 1)).toBe(-(1 + 2));
    expect(kernels.unpackBits(dst, 30, long, 64, 4, 0, 3, 0)).toBe(-(1 + 28));
    expect(kernels.unpackBits(dst, 24, long, 2, 1, 0, 1, 0)).toBe(-(1 + 2));
    for (const [itemSize, firstBit, bitCount] of [
      [0, 0, 1],
      [3, 0, 1],
      [16, 0, 1],
      [1, 8, 1],
      [1, 0, 0],
      [1, 0, 9],
      [2, 10, 7],
      [8, 1, 64],
      [8, -1, 2],
      [8, 1, -1],
    ] as const) {
      expect(kernels.packBits(dst, 64, long, 48, itemSize, firstBit, bitCount)).toBe(-1);
      expect(kernels.unpackBits(dst, 48, long, 64, itemSize, firstBit, bitCount, 0)).toBe(-1);
    }
    arena.check();
  });
});
