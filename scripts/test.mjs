// Runs the test suite, the check of counted work and the tests in Chromium, and closes with one line: N passed, N failed. Arguments go to
// vitest, which then runs alone.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromiumPath } from "./chromium.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "syncodec-test-"));
const report = join(folder, "report.json");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const isWhole = process.argv.length === 2;
if (isWhole) process.env.SYNCODEC_CHROMIUM = chromiumPath();

/** Runs one of our programs; resolves to its exit status and, if that is not shown at once, what it has printed. */
function run(path, args, stdout) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path, ...args], { cwd: root, stdio: ["inherit", stdout, "inherit"] });
    const output = [];
    child.stdout?.on("data", (data) => output.push(data));
    child.on("close", (status) => resolve({ status, text: Buffer.concat(output).toString() }));
  });
}

// Chromium needs little more than one core: beside the rest it costs 1 minute instead of 4.
const others = isWhole ? [run(join(root, "test", "browser", "run.mjs"), [], "pipe")] : [];
const { status } = await run(vitest, ["run", ...reporters, ...process.argv.slice(2)], "inherit");
let passed = 0;
let failed = 1;
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, "utf8"));
  passed = numPassedTests;
  // A file that does not even load has a failed suite and no failed test.
  failed = Math.max(numFailedTests, Math.min(numFailedTestSuites, 1), status === 0 ? 0 : 1);
} catch (error) {
  console.error(`no test report: ${error.message}`);
}
rmSync(folder, { recursive: true, force: true });
if (isWhole) others.push(run(join(root, "test", "budgets", "check.mjs"), [], "pipe"));
for (const { status, text } of await Promise.all(others)) {
  process.stdout.write(text);
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(text);
  passed += Number(counts?.[1] ?? 0);
  failed += Math.max(Number(counts?.[2] ?? 0), status === 0 ? 0 : 1);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
