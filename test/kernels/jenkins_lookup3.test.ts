import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jenkinsLookup3 } from "../reference/jenkins_lookup3.js";
import { Arena, builds, skew } from "./arena.js";

it("the reference gives the values in lookup3.c", () => {
  const text = new TextEncoder().encode("Four score and seven years ago");
  expect(jenkinsLookup3(new Uint8Array(0))).toBe(0xdeadbeef);
  expect(jenkinsLookup3(new Uint8Array(0), 0xdeadbeef)).toBe(0xbd5b7dde);
  expect(jenkinsLookup3(text)).toBe(0x17770551);
  expect(jenkinsLookup3(text, 1)).toBe(0xcd628161);
});

describe.each(builds)("jenkinsLookup3 (%s)", (_name, kernels) => {
  it("equals the reference", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(2 ** 32 - 1), skew, (bytes, initial, offset) => {
        const arena = new Arena(kernels);
        const src = arena.input(bytes, offset);
        expect(kernels.jenkinsLookup3(src, bytes.length, initial) >>> 0).toBe(jenkinsLookup3(bytes, initial));
        arena.check();
      }),
      { numRuns: 500 },
    );
  });
});
