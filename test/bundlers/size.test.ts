/** What a page loads must not grow: gzipped bytes of the built package, as `npm run size` prints them, against recorded budgets. */

import { expect, test } from "vitest";
import { requireBuild } from "../cli/support.js";

requireBuild();

/** About 2 % above what was measured when they were recorded. Raise one only for what is worth its bytes to every page. */
const budgets = {
  core: 55_500,
  "core + zstd, read": 62_500,
  "core + gzip, read and written": 72_300,
  "core + blosc, read": 81_500,
  "core + writing": 62_500,
  "core + zstd, read and written": 153_000,
  "core + Zarr v2": 66_000,
  "core + data types beyond numbers": 60_500,
  everything: 227_000,
};

test("sizes stay within their budgets", async () => {
  const script = new URL("../../scripts/bundle_sizes.mjs", import.meta.url).href;
  const { bundleSizes }: { bundleSizes(): Promise<ReadonlyMap<string, number>> } = await import(script);
  const sizes = await bundleSizes();
  expect([...sizes.keys()]).toEqual(Object.keys(budgets));
  const tooLarge = Object.entries(budgets).filter(([row, budget]) => (sizes.get(row) ?? 0) > budget);
  expect(tooLarge.map(([row, budget]) => `${row}: ${sizes.get(row)} bytes, at most ${budget}`)).toEqual([]);
});
