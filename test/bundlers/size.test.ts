/** What a page loads must not grow: gzipped bytes of the built package, as `npm run size` prints them, against recorded budgets. */

import { expect, test } from "vitest";
import { requireBuild } from "../cli/support.js";

requireBuild();

/** About 2 % above what was measured when they were recorded. Raise one only for what is worth its bytes to every page. */
const budgets = {
  core: 40_200,
  "core + whole shards": 53_300,
  "core + synchronous reads": 57_000,
  "core + zstd, read": 47_100,
  "core + gzip, read and written": 68_400,
  "core + blosc, read": 66_500,
  "core + writing": 58_600,
  "core + zstd, read and written": 151_200,
  "core + Zarr v2": 50_600,
  "core + data types beyond numbers": 44_500,
  everything: 233_300,
};

test("sizes stay within their budgets", async () => {
  const script = new URL("../../scripts/bundle_sizes.mjs", import.meta.url).href;
  const { bundleSizes }: { bundleSizes(): Promise<ReadonlyMap<string, number>> } = await import(script);
  const sizes = await bundleSizes();
  expect([...sizes.keys()]).toEqual(Object.keys(budgets));
  const tooLarge = Object.entries(budgets).filter(([row, budget]) => (sizes.get(row) ?? 0) > budget);
  expect(tooLarge.map(([row, budget]) => `${row}: ${sizes.get(row)} bytes, at most ${budget}`)).toEqual([]);
});
