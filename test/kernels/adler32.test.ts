import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adler32 } from "../reference/adler32.js";
import { Arena, builds, skew } from "./arena.js";

it("the reference gives the known values", () => {
  expect(adler32(new Uint8Array(0))).toBe(1);
  expect(adler32(new TextEncoder().encode("Wikipedia"))).toBe(0x11e60398);
});

describe.each(builds)("adler32 (%s)", (_name, kernels) => {
  const run = (bytes: Uint8Array, seed = 1, offset = 0): number => {
    const arena = new Arena(kernels);
    const src = arena.input(bytes, offset);
    const sum = kernels.adler32(src, bytes.length, seed) >>> 0;
    arena.check();
    return sum;
  };

  it("equals the reference", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), skew, (bytes, offset) => {
        expect(run(bytes, 1, offset)).toBe(adler32(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it("wraps nowhere: runs of the largest bytes around the length at which the sums are reduced", () => {
    for (const length of [5551, 5552, 5553, 11103, 11104, 11105, 70000]) {
      const bytes = new Uint8Array(length).fill(255);
      for (const seed of [1, 0xfff0fff0, 0xffffffff]) expect(run(bytes, seed)).toBe(adler32(bytes, seed));
    }
  });

  it("continues: the sum of a whole from those of its parts", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20000, size: "max" }), fc.nat(20000), (bytes, cut) => {
        expect(run(bytes.subarray(cut), run(bytes.subarray(0, cut)))).toBe(adler32(bytes));
      }),
      { numRuns: 30 },
    );
  });
});
