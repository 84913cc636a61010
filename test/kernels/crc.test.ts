import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "../reference/crc32.js";
import { crc32c } from "../reference/crc32c.js";
import { Arena, builds, skew } from "./arena.js";

const algorithms = [
  ["crc32c", crc32c, 0xe3069283],
  ["crc32", crc32, 0xcbf43926],
] as const;

/** Deterministic bytes: long inputs are quicker to make than to draw. */
function makeBytes(length: number, seed: number): Uint8Array {
  let state = seed | 1;
  return new Uint8Array(length).map(() => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39;
    return state >>> 24;
  });
}

describe.each(builds)("crc (%s)", (_name, kernels) => {
  describe.each(algorithms)("%s", (name, reference, known) => {
    const run = (bytes: Uint8Array, seed = 0, offset = 0): number => {
      const arena = new Arena(kernels);
      const src = arena.input(bytes, offset);
      const result = kernels[name](src, bytes.length, seed) >>> 0;
      arena.check();
      return result;
    };

    it("gives the known values", () => {
      expect(run(new TextEncoder().encode("123456789"))).toBe(known);
      expect(run(new Uint8Array(0))).toBe(0);
      expect(run(new Uint8Array(0), 0x12345678)).toBe(0x12345678);
    });

    it("equals the reference at every length up to 1200 bytes", () => {
      for (let length = 0; length <= 1200; length++) {
        const bytes = makeBytes(length, length);
        expect(run(bytes, length, length % 16)).toBe(reference(bytes, length));
      }
    });

    it("equals the reference around the lengths at which the method or the window changes", () => {
      for (const limit of [1536, 4096, 5280, 8192, 16384, 20480, 21664, 24576, 36800, 38048, 65536]) {
        for (const distance of [-65, -64, -17, -1, 0, 1, 15, 16, 63, 64, 65]) {
          const bytes = makeBytes(limit + distance, limit);
          expect(run(bytes, 0xdeadbeef, distance & 15)).toBe(reference(bytes, 0xdeadbeef));
        }
      }
    });

    it("equals the reference for random bytes, lengths, alignments and seeds", () => {
      fc.assert(
        fc.property(fc.nat(60000), fc.integer(), fc.nat(0xffffffff), skew, (length, seed, previous, offset) => {
          const bytes = makeBytes(length, seed);
          expect(run(bytes, previous, offset)).toBe(reference(bytes, previous));
        }),
      );
    });

    it("continues: the crc of a whole from those of its parts", () => {
      fc.assert(
        fc.property(fc.nat(40000), fc.nat(40000), fc.integer(), (length, cut, seed) => {
          const bytes = makeBytes(length, seed);
          const middle = Math.min(cut, length);
          expect(run(bytes.subarray(middle), run(bytes.subarray(0, middle)))).toBe(run(bytes));
        }),
      );
    });

    it("sees every flipped bit of a long input", () => {
      const bytes = makeBytes(20000, 1);
      const expected = run(bytes);
      for (let bit = 0; bit < 8 * bytes.length; bit += 331) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(run(flipped)).not.toBe(expected);
      }
    });
  });
});
