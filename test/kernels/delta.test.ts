import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deltaDecode, deltaEncode, floatDeltaDecode, floatDeltaEncode } from "../reference/delta.js";
import { Arena, builds, skew } from "./arena.js";

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

describe.each(builds)("delta (%s)", (_name, kernels) => {
  function run(
    kernel: "deltaEncode" | "deltaDecode",
    src: Uint8Array,
    itemSize: number,
    isFloat: 0 | 1,
    skews: number[],
  ) {
    const arena = new Arena(kernels);
    const pointer = arena.input(src, skews[0]);
    const dst = arena.output(src.length, skews[1]);
    expect(kernels[kernel](dst, src.length, pointer, src.length, itemSize, isFloat)).toBe(src.length);
    arena.check();
    return arena.read(dst, src.length);
  }
  const skews = fc.tuple(skew, skew);

  it.each([1, 2, 4, 8])("of integers of %i bytes equals the reference, and sums invert differences", (itemSize) => {
    const elements = fc
      .uint8Array({ maxLength: 400 })
      .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % itemSize)));
    fc.assert(
      fc.property(elements, skews, (bytes, at) => {
        const encoded = run("deltaEncode", bytes, itemSize, 0, at);
        expect(encoded).toEqual(deltaEncode(bytes, itemSize));
        expect(run("deltaDecode", bytes, itemSize, 0, at)).toEqual(deltaDecode(bytes, itemSize));
        expect(run("deltaDecode", encoded, itemSize, 0, at)).toEqual(bytes);
      }),
    );
  });

  it.each([
    ["float32", fc.float32Array({ noNaN: true, min: -(2 ** 60), max: 2 ** 60, maxLength: 90 })],
    ["float64", fc.float64Array({ noNaN: true, min: -1e150, max: 1e150, maxLength: 90 })],
  ])("of %s equals the reference", (_, arrays) => {
    fc.assert(
      fc.property(arrays, skews, (elements, at) => {
        const bytes = bytesOf(elements);
        const itemSize = elements.BYTES_PER_ELEMENT;
        expect(run("deltaEncode", bytes, itemSize, 1, at)).toEqual(bytesOf(floatDeltaEncode(elements)));
        expect(run("deltaDecode", bytes, itemSize, 1, at)).toEqual(bytesOf(floatDeltaDecode(elements)));
      }),
    );
  });

  it("refuses an incomplete element, a short dst and other elements, and writes nothing", () => {
    const arena = new Arena(kernels);
    const src = arena.input(new Uint8Array(64));
    const dst = arena.input(new Uint8Array(64).fill(1));
    for (const kernel of [kernels.deltaEncode, kernels.deltaDecode]) {
      expect(kernel(dst, 64, src, 31, 4, 0)).toBe(-(1 + 28));
      expect(kernel(dst, 31, src, 32, 8, 1)).toBe(-(1 + 31));
      expect(kernel(dst, 64, src, -1, 4, 0)).toBe(-1);
      for (const [itemSize, isFloat] of [
        [3, 0],
        [16, 0],
        [0, 0],
        [2, 1],
        [1, 1],
      ] as const) {
        expect(kernel(dst, 64, src, 48, itemSize, isFloat)).toBe(-1);
      }
    }
    arena.check();
  });
});
