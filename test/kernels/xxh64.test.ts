import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { xxh64 } from "../reference/xxh64.js";
import { Arena, builds, skew } from "./arena.js";

it("the reference gives the known values", () => {
  expect(xxh64(new Uint8Array(0))).toBe(0xef46db3751d8e999n);
  expect(xxh64(new TextEncoder().encode("a"))).toBe(0xd24ec4f1a98c6e5bn);
  expect(xxh64(new TextEncoder().encode("The quick brown fox jumps over the lazy dog"))).toBe(0x0b242d361fda71bcn);
});

describe.each(builds)("xxh64Low (%s)", (_name, kernels) => {
  it("equals the low half of the reference", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), skew, (bytes, offset) => {
        const arena = new Arena(kernels);
        const src = arena.input(bytes, offset);
        expect(kernels.xxh64Low(src, bytes.length) >>> 0).toBe(Number(xxh64(bytes) & 0xffffffffn));
        arena.check();
      }),
      { numRuns: 300 },
    );
  });
});
