// Runs smoke.mjs on every runtime that npm has a binary of, and workerd/worker.mjs on that of Cloudflare Workers; closes with one line:
// N passed, N failed. Node.js must work; the others count where they can be installed.

import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

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
  {
    name: "workerd",
    specifier: "workerd",
    prepare: bundleForWorkerd,
    command: ["node_modules/.bin/workerd", "test"],
    program: "config.capnp",
    isRequired: false,
  },
];

/** The worker as wrangler bundles it: `.wasm` files stay modules of their own. */
async function bundleForWorkerd(folder) {
  const source = fileURLToPath(new URL("workerd/", import.meta.url));
  copyFileSync(join(source, "config.capnp"), join(folder, "config.capnp"));
  const wasmModules = {
    name: "wasm-modules",
    setup(plugin) {
      plugin.onResolve({ filter: /\.wasm$/ }, async ({ path, pluginData, ...options }) => {
        if (pluginData === "resolved") return undefined;
        const found = await plugin.resolve(path, { ...options, pluginData: "resolved" });
        if (found.errors.length > 0) return found;
        copyFileSync(found.path, join(folder, basename(found.path)));
        return { path: `./${basename(found.path)}`, external: true };
      });
    },
  };
  await build({
    entryPoints: [join(source, "worker.mjs")],
    bundle: true,
    format: "esm",
    outfile: join(folder, "worker.js"),
    conditions: ["workerd", "worker", "browser"],
    plugins: [wasmModules],
    logLevel: "error",
  });
}

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const execute = promisify(execFile);

/** What the runtime printed; rejects where it cannot be installed or something is wrong. */
async function tryOut({ specifier, prepare, command: [runtime, ...args], program = smoke }) {
  const cwd = mkdtempSync(join(folder, "runtime-"));
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ private: true }));
  try {
    await execute(npm, ["install", specifier, "--no-audit", "--no-fund"], { cwd });
  } catch (cause) {
    throw new Error("not installed", { cause });
  }
  await prepare?.(cwd);
  const { stdout } = await execute(join(cwd, runtime), [...args, program], { cwd, timeout: 120_000 });
  return stdout.trim() || "works";
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
