// Runs the test suite, the check of counted work and the tests in Chromium, and closes with one line: N passed, N failed. Arguments go to
// vitest, which then runs alone.
import { spawnSync } from "node:child_process";
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
if (process.argv.length === 2) process.env.SYNCODEC_CHROMIUM = chromiumPath();
const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
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
if (process.argv.length === 2) {
  for (const part of ["budgets/check.mjs", "browser/run.mjs"]) {
    const run = spawnSync(process.execPath, [join(root, "test", part)], {
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    });
    process.stdout.write(run.stdout);
    const counts = /^(\d+) passed, (\d+) failed$/m.exec(run.stdout);
    passed += Number(counts?.[1] ?? 0);
    failed += Math.max(Number(counts?.[2] ?? 0), run.status === 0 ? 0 : 1);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
