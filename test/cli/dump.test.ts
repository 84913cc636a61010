/** `syncodec dump`: the conformance protocol. */

import { join } from "node:path";
import { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blocksOf, slabShape } from "../../src/cli/blocks.js";
import { run } from "../../src/cli/run.js";
import { ChunkGrid } from "../../src/grid/chunk_grid.js";
import { createArraySync, slice } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { fixtureArrays, fixtures, syncodec, temporaryDirectory } from "./support.js";

const directory = temporaryDirectory();
const product = (shape: readonly number[]): number => shape.reduce((count, length) => count * length, 1);

/** The manifest has what JSON cannot write as a number without quotes. */
const asPrinted = (value: string): string => (/^(?:NaN|-?Infinity)$/.test(value) ? JSON.stringify(value) : value);

test.each(fixtureArrays)("$path", async ({ path, shape, head }) => {
  const { status, stdout, stderr } = await syncodec("dump", `--array_path=${join(fixtures, path)}`);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n", head.length)).toEqual(head.map(asPrinted));
  let lines = 0;
  for (let end = stdout.indexOf("\n"); end >= 0; end = stdout.indexOf("\n", end + 1)) lines++;
  expect(lines).toBe(product(shape));
  expect(stdout === "" || stdout.endsWith("\n")).toBe(true);
});

test("special values", async () => {
  const path = join(directory, "special");
  const array = createArraySync(new LocalStore(path), { shape: [7], chunkShape: [7], dataType: "float64" });
  array.setSync(null, new Float64Array([NaN, Infinity, -Infinity, -0, 0, 1e21, 5e-324]));
  const { stdout } = await syncodec("dump", path);
  expect(stdout).toBe('"NaN"\n"Infinity"\n"-Infinity"\n-0\n0\n1e+21\n5e-324\n');
});

test("64-bit integers keep their digits", async () => {
  const path = join(directory, "integers");
  const array = createArraySync(new LocalStore(path), { shape: [2], chunkShape: [2], dataType: "uint64" });
  array.setSync(null, new BigUint64Array([18446744073709551615n, 9007199254740993n]));
  expect((await syncodec("dump", path)).stdout).toBe("18446744073709551615\n9007199254740993\n");
});

test("half precision from bit patterns", async () => {
  const path = join(directory, "half");
  const array = createArraySync(new LocalStore(path), { shape: [5], chunkShape: [2], dataType: "float16" });
  array.setSync(null, new Uint16Array([0x3c00, 0x8000, 0x7e00, 0xfc00, 0x0001]));
  expect((await syncodec("dump", path)).stdout).toBe('1\n-0\n"NaN"\n"-Infinity"\n5.960464477539063e-8\n');
});

test("an array of several slabs, into a slow reader", async () => {
  const path = join(directory, "slabs");
  const length = 2_500_000;
  const array = createArraySync(new LocalStore(path), { shape: [length], chunkShape: [100_000], dataType: "int64" });
  array.setSync([slice(length - 2, length)], new BigInt64Array([-1n, -2n]));
  let waiting = 0;
  let longest = 0;
  let text = "";
  const slow = new Writable({
    decodeStrings: false,
    write(part: string, _encoding, done) {
      longest = Math.max(longest, this.writableLength);
      waiting++;
      text += part;
      setImmediate(() => {
        waiting--;
        done();
      });
    },
  });
  expect(await run(["dump", path], { stdout: slow, stderr: slow })).toBe(0);
  expect(waiting).toBe(0);
  expect(text === `${"0\n".repeat(length - 2)}-1\n-2\n`).toBe(true);
  // Nothing is written before what was written last has been taken.
  expect(longest).toBeLessThan(2 ** 18);
});

describe("slabs", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 0, maxLength: 4 });

  test("are bounded, and contiguous in C order", () => {
    const cases = lengths.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3000 }))),
        fc.constantFrom(1, 2, 4, 8),
      ),
    );
    fc.assert(
      fc.property(cases, ([shape, unit, itemSize]) => {
        const slab = slabShape(shape, [unit], itemSize);
        expect(slab.every((length) => length >= 1)).toBe(true);
        expect(product(slab) * itemSize).toBeLessThanOrEqual(64 * 2 ** 20);
        const run = slab.findIndex((length) => length > 1);
        if (run < 0) return;
        expect(slab.slice(run + 1)).toEqual(shape.slice(run + 1).map((length) => Math.max(1, length)));
      }),
    );
  });

  test("end at the borders of shards, else of inner chunks, else of nothing", () => {
    expect(
      slabShape(
        [10_000, 1000],
        [
          [300, 10],
          [30, 10],
        ],
        8,
      ),
    ).toEqual([1800, 1000]);
    expect(
      slabShape(
        [100_000, 1000],
        [
          [50_000, 10],
          [30, 10],
        ],
        8,
      ),
    ).toEqual([2070, 1000]);
    expect(slabShape([100_000, 1000], [[5000, 10]], 8)).toEqual([5000, 1000]);
    expect(slabShape([100_000, 1000], [[50_000, 10]], 8)).toEqual([8388, 1000]);
  });

  test("blocks of a ragged grid", () => {
    expect([...blocksOf([3, 2], new ChunkGrid([2, 2]))]).toEqual([
      { start: [0, 0], shape: [2, 2] },
      { start: [2, 0], shape: [1, 2] },
    ]);
    expect([...blocksOf([], new ChunkGrid([]))]).toEqual([{ start: [], shape: [] }]);
    expect([...blocksOf([0, 4], new ChunkGrid([1, 4]))]).toEqual([]);
  });
});
