import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitshuffle, shuffle } from "../reference/shuffle.js";
import type { AllKernels } from "../support/all_kernels.js";
import { Arena, builds, skew } from "./arena.js";

type Kernel = AllKernels["shuffle"];

/** Both sides of every place where a kernel goes another way: tiles of 16 items, stripes of 64, 128 bytes of bits, 512 items at a time. */
const itemSizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 64, 65, 255, 256];
const counts = [
  0, 1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 80, 120, 127, 128, 129, 136, 200, 504, 512, 520, 1040,
];

/** Random bytes of `length`, the same for the same length. */
function noise(length: number): Uint8Array {
  let state = length + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
}

/** What a call gives, and that it writes and reads nothing but its regions. */
function run(kernels: AllKernels, kernel: Kernel, bytes: Uint8Array, itemSize: number, dstSkew = 0, srcSkew = 0) {
  const arena = new Arena(kernels);
  const src = arena.input(bytes, srcSkew);
  const dst = arena.output(bytes.length, dstSkew);
  expect(kernel(dst, bytes.length, src, bytes.length, itemSize)).toBe(bytes.length);
  arena.check();
  return arena.read(dst, bytes.length);
}

describe.each(builds)("shuffle (%s)", (_name, kernels) => {
  const pairs = [
    ["shuffle", kernels.shuffle, kernels.unshuffle, shuffle],
    ["bitshuffle", kernels.bitshuffle, kernels.bitunshuffle, bitshuffle],
  ] as const;

  describe.each(pairs)("%s", (_direction, forward, back, reference) => {
    it.each(itemSizes)("equals the reference, and comes back, for items of %i bytes", (itemSize) => {
      for (const count of counts) {
        const bytes = noise(count * itemSize + (count % 3) * (itemSize >> 1));
        const shuffled = reference(bytes, itemSize);
        expect(Buffer.compare(run(kernels, forward, bytes, itemSize), shuffled)).toBe(0);
        expect(Buffer.compare(run(kernels, back, shuffled, itemSize), bytes)).toBe(0);
      }
    });

    it("equals the reference at any length and alignment", () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 40 }),
          fc.uint8Array({ maxLength: 3000, size: "max" }),
          skew,
          skew,
          (itemSize, bytes, dstSkew, srcSkew) => {
            const shuffled = reference(bytes, itemSize);
            expect(run(kernels, forward, bytes, itemSize, dstSkew, srcSkew)).toEqual(shuffled);
            expect(run(kernels, back, shuffled, itemSize, dstSkew, srcSkew)).toEqual(bytes);
          },
        ),
      );
    });

    it("refuses a short dst and an item of no bytes, and writes nothing", () => {
      for (const kernel of [forward, back]) {
        const arena = new Arena(kernels);
        const src = arena.input(new Uint8Array(128));
        const dst = arena.input(new Uint8Array(128).fill(1));
        expect(kernel(dst, 127, src, 128, 4)).toBe(-128);
        expect(kernel(dst, 128, src, 128, 0)).toBe(-1);
        expect(kernel(dst, 128, src, 2 ** 31, 4)).toBe(-1);
        arena.check();
      }
    });
  });

  it("copies items larger than the input", () => {
    const bytes = noise(100);
    for (const kernel of [kernels.shuffle, kernels.unshuffle])
      for (const itemSize of [101, 2 ** 16, 2 ** 31 - 1]) expect(run(kernels, kernel, bytes, itemSize)).toEqual(bytes);
    for (const kernel of [kernels.bitshuffle, kernels.bitunshuffle])
      expect(run(kernels, kernel, bytes, 101)).toEqual(bytes);
  });

  it("shuffles bytes of items of any size, bits of at most 256 bytes", () => {
    const bytes = noise(40 * 1000);
    expect(Buffer.compare(run(kernels, kernels.shuffle, bytes, 1000), shuffle(bytes, 1000))).toBe(0);
    const arena = new Arena(kernels);
    const src = arena.input(new Uint8Array(8 * 257));
    const dst = arena.input(new Uint8Array(8 * 257).fill(1));
    for (const kernel of [kernels.bitshuffle, kernels.bitunshuffle])
      expect(kernel(dst, 8 * 257, src, 8 * 257, 257)).toBe(-1);
    arena.check();
  });
});
