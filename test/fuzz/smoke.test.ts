/**
 * Every fuzz target for a few seconds: `SYNCODEC_FUZZ_SECONDS` in all (default 60), with seed `SYNCODEC_FUZZ_SEED` (default random; printed).
 * A failure says how to run its input again.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { targets } from "./targets/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { SYNCODEC_FUZZ_SECONDS, SYNCODEC_FUZZ_SEED } = process.env;
const seconds = Number(SYNCODEC_FUZZ_SECONDS ?? 60) / targets.length;
const seed = SYNCODEC_FUZZ_SEED ?? `${Math.floor(Math.random() * 2 ** 31)}`;

function fuzz(target: string): Promise<{ status: number | null; output: string }> {
  const program = spawn(process.execPath, ["scripts/fuzz.mjs", target, "--seconds", `${seconds}`, "--seed", seed], {
    cwd: root,
  });
  let output = "";
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (data) => (output += data));
  return new Promise((resolve) => program.on("close", (status) => resolve({ status, output })));
}

test.each(targets.map(({ name }) => name))("%s", { timeout: 120_000 }, async (name) => {
  const { status, output } = await fuzz(name);
  console.log(output.trim());
  expect(output).toContain(" 0 finds");
  expect(status).toBe(0);
});
