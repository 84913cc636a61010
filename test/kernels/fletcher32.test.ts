import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fletcher32 } from "../reference/fletcher32.js";
import { Arena, builds, skew } from "./arena.js";

it("the reference gives the known values", () => {
  const text = (characters: string) => new TextEncoder().encode(characters);
  expect(fletcher32(text("a"))).toBe(0x61006100);
  expect(fletcher32(text("abc"))).toBe(0x25c5c462);
  expect(fletcher32(text("abcd"))).toBe(0x2629c4c6);
});

describe.each(builds)("fletcher32 (%s)", (_name, kernels) => {
  const run = (bytes: Uint8Array, offset = 0): number => {
    const arena = new Arena(kernels);
    const src = arena.input(bytes, offset);
    const sum = kernels.fletcher32(src, bytes.length) >>> 0;
    arena.check();
    return sum;
  };

  it("equals the reference", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), skew, (bytes, offset) => {
        expect(run(bytes, offset)).toBe(fletcher32(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it("wraps nowhere: runs of the largest and of the smallest bytes around the length at which the sums are reduced", () => {
    for (const length of [0, 1, 2, 32766, 32767, 32768, 32769, 32784, 98305, 200000]) {
      for (const byte of [0, 1, 255]) {
        const bytes = new Uint8Array(length).fill(byte);
        expect(run(bytes)).toBe(fletcher32(bytes));
      }
    }
  });

  it("tells sums of 0 from multiples of 65535", () => {
    expect(run(new Uint8Array(40))).toBe(0);
    expect(run(Uint8Array.of(255, 255))).toBe(0xffffffff);
    expect(run(Uint8Array.of(0x80, 0, 0x7f, 0xff))).toBe(0x8000ffff);
    const late = new Uint8Array(70000);
    late.fill(255, 69990, 69992);
    expect(run(late)).toBe(fletcher32(late));
  });
});
