// Runs smoke.mjs on every runtime that npm has a binary of, and closes with one line: N passed, N failed. Node.js must work; Bun and Deno
// count where they can be installed.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const smoke = fileURLToPath(new URL("smoke.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "syncodec-runtimes-"));
const nodePackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

const runtimes = [
  ...["20", "22", "24", "26"].map((version) => ({
    name: `Node.js ${version}`,
    specifier: `${nodePackage}@${version}`,
    command: [join("node_modules", nodePackage, "bin/node")],
    isRequired: true,
  })),
  { name: "Bun", specifier: "bun", command: ["node_modules/bun/bin/bun.exe"], isRequired: false },
  { name: "Deno", specifier: "deno", command: ["node_modules/.bin/deno", "run", "--allow-all"], isRequired: false },
];

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const execute = promisify(execFile);

/** What the runtime printed; rejects where it cannot be installed or something is wrong. */
async function tryOut({ specifier, command: [program, ...args] }) {
  const cwd = mkdtempSync(join(folder, "runtime-"));
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ private: true }));
  try {
    await execute(npm, ["install", specifier, "--no-audit", "--no-fund"], { cwd });
  } catch (cause) {
    throw new Error("not installed", { cause });
  }
  const { stdout } = await execute(join(cwd, program), [...args, smoke], { cwd, timeout: 120_000 });
  return stdout.trim();
}

let passed = 0;
let failed = 0;
// All at once: most of the time goes into downloads.
const outcomes = await Promise.allSettled(runtimes.map(tryOut));
rmSync(folder, { recursive: true, force: true });
outcomes.forEach((outcome, i) => {
  const { name, isRequired } = runtimes[i];
  const isRight = outcome.status === "fulfilled";
  const isSkipped = !isRight && !isRequired && outcome.reason.message === "not installed";
  if (isRight) passed++;
  else if (!isSkipped) failed++;
  console.log(
    `${name}: ${isRight ? outcome.value : isSkipped ? "not installed, so not tested" : outcome.reason.stack}`,
  );
});
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
