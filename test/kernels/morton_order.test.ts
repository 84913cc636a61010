import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mortonOrder } from "../reference/morton_order.js";
import { Arena, builds } from "./arena.js";

describe.each(builds)("mortonOrder (%s)", (_name, kernels) => {
  const run = (shape: readonly number[], spare = 0): number[] => {
    const count = shape.reduce((product, size) => product * size, 1);
    const arena = new Arena(kernels);
    const dst = arena.output(4 * (count + spare));
    const result = kernels.mortonOrder(
      dst,
      4 * (count + spare),
      shape.length,
      arena.input(new Uint32Array(shape).buffer),
    );
    expect(result).toBe(count);
    arena.check();
    return [...new Uint32Array(arena.read(dst, 4 * count).buffer)];
  };

  it("gives the known orders", () => {
    expect(run([])).toEqual([0]);
    expect(run([2, 2])).toEqual([0, 2, 1, 3]);
    expect(run([1, 5])).toEqual([0, 1, 2, 3, 4]);
    expect(run([4, 3])).toEqual([0, 3, 1, 4, 6, 9, 7, 10, 2, 5, 8, 11]);
    expect(run([3, 0, 2])).toEqual([]);
  });

  it("equals the reference", () => {
    const shape = fc.oneof(
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
      fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 33 })),
      fc.tuple(fc.integer({ min: 1, max: 2000 })),
    );
    fc.assert(
      fc.property(shape, fc.nat(3), (sizes, spare) => {
        expect(run(sizes, spare)).toEqual(mortonOrder(sizes));
      }),
    );
  });

  it("lists each cell of a long thin grid once", () => {
    const order = run([2, 40001, 1, 3]);
    expect(new Set(order).size).toBe(240006);
  });

  it("refuses a short dst, too many cells and too many axes", () => {
    const arena = new Arena(kernels);
    const dst = arena.input(new Uint8Array(24));
    const shape = (sizes: number[]): number => arena.input(new Uint32Array(sizes).buffer);
    expect(kernels.mortonOrder(dst, 23, 2, shape([2, 3]))).toBe(-1);
    expect(kernels.mortonOrder(dst, 24, 2, shape([65536, 65536]))).toBe(-1);
    expect(kernels.mortonOrder(dst, 24, 3, shape([4294967295, 4294967295, 4294967295]))).toBe(-1);
    expect(kernels.mortonOrder(dst, 24, 33, shape(new Array(33).fill(1)))).toBe(-1);
    expect(kernels.mortonOrder(dst, 3, 0, shape([]))).toBe(-1);
    arena.check();
  });
});
