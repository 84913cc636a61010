import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteswap } from "../reference/byteswap.js";
import { Arena, builds, skew } from "./arena.js";

const widths = [2, 4, 8, 16] as const;

describe.each(builds)("byteswap (%s)", (_name, kernels) => {
  describe.each(widths)("of %i bytes", (width) => {
    const swap = kernels[`byteswap${width}`];
    const elements = fc
      .uint8Array({ maxLength: 700 })
      .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % width)));

    it("equals the reference", () => {
      fc.assert(
        fc.property(elements, skew, skew, (bytes, dstSkew, srcSkew) => {
          const arena = new Arena(kernels);
          const src = arena.input(bytes, srcSkew);
          const dst = arena.output(bytes.length, dstSkew);
          expect(swap(dst, bytes.length, src, bytes.length)).toBe(bytes.length);
          expect(arena.read(dst, bytes.length)).toEqual(byteswap(bytes, width));
          arena.check();
        }),
      );
    });

    it("works in place", () => {
      fc.assert(
        fc.property(elements, skew, (bytes, offset) => {
          const arena = new Arena(kernels);
          const place = arena.output(bytes, offset);
          expect(swap(place, bytes.length, place, bytes.length)).toBe(bytes.length);
          expect(arena.read(place, bytes.length)).toEqual(byteswap(bytes, width));
          arena.check();
        }),
      );
    });

    it("refuses an incomplete element and a short dst, and writes nothing", () => {
      const arena = new Arena(kernels);
      const src = arena.input(new Uint8Array(8 * width));
      const dst = arena.input(new Uint8Array(8 * width).fill(1));
      expect(swap(dst, 8 * width, src, 7 * width + 1)).toBe(-(1 + 7 * width));
      expect(swap(dst, 3 * width, src, 4 * width)).toBe(-(1 + 3 * width));
      arena.check();
    });
  });
});
