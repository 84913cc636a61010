// Runs the test suite and the check of counted work, and closes with one line: N passed, N failed. Arguments go to vitest, which then runs
// alone.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "syncodec-test-"));
const report = join(folder, "report.json");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
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
  const check = spawnSync(process.execPath, [join(root, "test", "budgets", "check.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  process.stdout.write(check.stdout);
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(check.stdout);
  passed += Number(counts?.[1] ?? 0);
  failed += Math.max(Number(counts?.[2] ?? 0), check.status === 0 ? 0 : 1);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
