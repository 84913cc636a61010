// Bundles test/fuzz into one file, and runs it with the arguments given: see test/fuzz/main.ts.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
// Inside of the project, where the packages are found; of this process alone, because several may run.
const program = `${root}build/fuzz-${process.pid}.mjs`;
await build({
  entryPoints: [`${root}test/fuzz/main.ts`],
  outfile: program,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
try {
  const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(program, { force: true });
}
