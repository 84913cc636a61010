/**
 * Every fuzz target for a moment: `SYNCODEC_FUZZ_SECONDS` in all (default 60), with seed `SYNCODEC_FUZZ_SEED` (default random; printed).
 * A failure says how to run its input again.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { targets } from "./targets/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { SYNCODEC_FUZZ_SECONDS: seconds = "60", SYNCODEC_FUZZ_SEED } = process.env;
const seed = SYNCODEC_FUZZ_SEED ?? `${Math.floor(Math.random() * 2 ** 31)}`;

/** All targets in turn; what the program printed. */
function fuzz(): Promise<string> {
  const program = spawn(process.execPath, ["scripts/fuzz.mjs", "all", "--seconds", seconds, "--seed", seed], {
    cwd: root,
  });
  let output = "";
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (data) => (output += data));
  return new Promise((resolve) => program.on("close", () => resolve(output.trim())));
}

let output = "";
beforeAll(
  async () => {
    output = await fuzz();
    console.log(output);
  },
  Number(seconds) * 3000 + 120_000,
);

test.each(targets.map(({ name }) => name))("%s", (name) => {
  const line = output.split("\n").find((each) => each.startsWith(`${name}: `));
  if (line?.endsWith(" 0 finds") !== true) expect.fail(output);
});
