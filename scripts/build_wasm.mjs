/**
 * Compiles assembly/ into build/ and writes src/wasm/binary.ts, which carries the two release builds as base64, so that no bundler and
 * no fetch stands between the library and its kernels. Does nothing where every output is newer than every input.
 *
 * https://www.assemblyscript.org/compiler.html
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const targets = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8")).targets;
const binary = join(root, "src/wasm/binary.ts");
const compilerPackage = createRequire(import.meta.url).resolve("assemblyscript/package.json");

const inputs = [
  fileURLToPath(import.meta.url),
  join(root, "asconfig.json"),
  compilerPackage,
  ...readdirSync(join(root, "assembly"))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(root, "assembly", name)),
];

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

const newestInput = Math.max(...inputs.map(modified));

function isCurrent(path) {
  return modified(path) > newestInput;
}

mkdirSync(join(root, "build"), { recursive: true });
for (const [target, { outFile }] of Object.entries(targets)) {
  const output = join(root, outFile);
  if (!isCurrent(output)) {
    const compiler = join(dirname(compilerPackage), "bin/asc.js");
    const { status } = spawnSync(process.execPath, [compiler, "--config", "asconfig.json", "--target", target], {
      cwd: root,
      stdio: "inherit",
    });
    if (status !== 0) process.exit(status ?? 1);
  }
  console.log(`${outFile.padEnd(26)} ${String(statSync(output).size).padStart(6)} bytes`);
}

const modules = [
  ["simdKernels", targets.release.outFile],
  ["scalarKernels", targets.scalar.outFile],
];
if (!modules.every(([, outFile]) => modified(binary) >= modified(join(root, outFile)))) {
  const lines = modules.map(
    ([name, outFile]) =>
      `export const ${name}: string =\n  "${readFileSync(join(root, outFile)).toString("base64")}";\n`,
  );
  mkdirSync(dirname(binary), { recursive: true });
  writeFileSync(
    binary,
    `/** Generated from assembly/ by scripts/build_wasm.mjs: the kernel modules as base64. */\n${lines.join("")}`,
  );
}
