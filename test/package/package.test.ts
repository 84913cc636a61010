/** The package as npm would publish it: what is in it, how it resolves, and that it works where it is installed. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireBuild } from "../cli/support.js";

requireBuild();

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "syncodec-package-"));
const bin = (name: string): string => join(root, "node_modules/.bin", name);
let tarball = "";
let files: string[] = [];

beforeAll(() => {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8" }));
  tarball = join(folder, packed.filename);
  files = packed.files.map(({ path }: { path: string }) => path);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every string in a JSON value. */
function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

test("holds what it needs, and nothing of the workshop", () => {
  const { exports, bin, main, types } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const targets = stringsIn([exports, bin, main, types]).map((target) => target.replace(/^\.\//, ""));
  expect(targets.filter((target) => !target.includes("*") && !files.includes(target))).toEqual([]);
  const names = new Set(files.map((path) => path.replace(/\/.*/, "/")));
  const documents = ["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md", "package.json"];
  expect(names).toEqual(new Set([...documents, "assembly/", "bench/", "build/", "dist/", "src/"]));
  expect(files.filter((path) => /debug|\.test\.|node_modules|\.tgz$/.test(path))).toEqual([]);
  // What is bundled for browsers lies apart from what the compiler made.
  expect(files.filter((path) => /^dist\/web\/.*\.d\.ts/.test(path))).toEqual([]);
  expect(files.filter((path) => /^dist\/(?!web\/).*-[0-9a-f]{8}\.js$/.test(path))).toEqual([]);
});

test("publint finds nothing", async () => {
  const { messages } = await publint({ pkgDir: root, pack: false });
  expect(messages).toEqual([]);
});

test("every entry resolves to its types", () => {
  const args = [tarball, "--profile", "esm-only"];
  const { status, stdout } = spawnSync(bin("attw"), args, { encoding: "utf8" });
  expect(status, stdout).toBe(0);
}, 60_000);

test("installed in an empty project, it reads what it writes", () => {
  const project = join(folder, "project");
  execFileSync("mkdir", [project]);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  const install = ["install", tarball, "--no-audit", "--no-fund", "--prefer-offline"];
  execFileSync("npm", install, { cwd: project, stdio: "pipe" });
  writeFileSync(
    join(project, "use.ts"),
    `import { createArraySync, init, openArray, type ZarrArray } from "syncodec";
import { LocalStore } from "syncodec/node";
import { fromNumcodecs } from "syncodec/numcodecs";

await init();
const store = new LocalStore("data.zarr");
const options = { shape: [100, 100], chunkShape: [10, 10], shardShape: [50, 50], dataType: "uint16", compressors: ["zstd"] } as const;
createArraySync(store, options).setSync(null, new Uint16Array(10_000).map((_, i) => i));
const array: ZarrArray = await openArray(store);
const element = await array.get([99, 99]);
if (element !== 9999 || typeof fromNumcodecs !== "function") throw new Error(String(element));
console.log("works");
`,
  );
  writeFileSync(
    join(project, "worker.ts"),
    `import { useKernels } from "syncodec/kernels";
import core from "syncodec/kernels/core.wasm";
import zstdEncoder from "syncodec/kernels/zstd_encoder.wasm";

useKernels({ core, zstdEncoder });
`,
  );
  const options = { cwd: project, encoding: "utf8" } as const;
  // Declarations are checked as well: none may need a package that is not installed.
  const compilerOptions = { module: "nodenext", target: "es2022", lib: ["es2023", "dom"], types: [], strict: true };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  expect(spawnSync(bin("tsc"), ["-p", "."], options)).toMatchObject({ stdout: "", status: 0 });
  expect(execFileSync(process.execPath, ["use.js"], options)).toBe("works\n");
  const info = execFileSync(process.execPath, ["node_modules/syncodec/dist/cli/main.js", "info", "data.zarr"], options);
  expect(info).toContain("uint16");
}, 120_000);
