import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fill, isFilled } from "../reference/fill.js";
import { Arena, builds, skew } from "./arena.js";

const value = fc.oneof(
  fc.constantFrom(1, 2, 4, 8, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  fc.uint8Array({ minLength: 1, maxLength: 200 }),
);

describe.each(builds)("fill and isFilled (%s)", (_name, kernels) => {
  it("fills as the reference does", () => {
    fc.assert(
      fc.property(value, fc.nat(12000), skew, (item, atMost, offset) => {
        const length = atMost - (atMost % item.length);
        const arena = new Arena(kernels);
        const pointer = arena.input(item);
        const dst = arena.output(length, offset);
        expect(kernels.fill(dst, length, pointer, item.length)).toBe(length);
        expect(Buffer.compare(arena.read(dst, length), fill(length, item))).toBe(0);
        arena.check();
      }),
    );
  });

  it("finds what is filled, and any single byte that differs", () => {
    fc.assert(
      fc.property(
        value,
        fc.nat(600),
        skew,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (item, atMost, offset, at, flip) => {
          const bytes = fill(atMost - (atMost % item.length), item);
          const run = (): number => {
            const arena = new Arena(kernels);
            const result = kernels.isFilled(arena.input(bytes, offset), bytes.length, arena.input(item), item.length);
            arena.check();
            return result;
          };
          expect(run()).toBe(1);
          if (bytes.length === 0) return;
          bytes[at % bytes.length]! ^= flip;
          expect(run()).toBe(isFilled(bytes, item) ? 1 : 0);
          expect(run()).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("refuses an incomplete element and an element of no bytes", () => {
    const arena = new Arena(kernels);
    const item = arena.input(new Uint8Array(4));
    const dst = arena.input(new Uint8Array(10).fill(1));
    expect(kernels.fill(dst, 10, item, 4)).toBe(-9);
    expect(kernels.isFilled(dst, 10, item, 4)).toBe(-9);
    expect(kernels.fill(dst, 10, item, 0)).toBe(-1);
    expect(kernels.isFilled(dst, 10, item, 0)).toBe(-1);
    arena.check();
  });
});
