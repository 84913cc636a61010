/** Writers in many threads and processes that share shards: no update is lost, whoever is killed. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { requireBuild } from "../cli/support.js";

requireBuild();

test("writers of disjoint inner chunks, killed at random", { timeout: 600_000 }, () => {
  const program = fileURLToPath(new URL("writers.mjs", import.meta.url));
  const size = process.env.SYNCODEC_WRITERS?.split(" ") ?? ["1.5", "2", "2", "3"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...size], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  if (process.env.SYNCODEC_WRITERS !== undefined) console.log(stdout);
  expect(stdout).toMatch(/^locked: \d+ updates/m);
  expect(stdout, stdout).toMatch(/^passed$/m);
});
