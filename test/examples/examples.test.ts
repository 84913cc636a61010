/** The README's example and the demo, run as a user would, against the built library. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "syncodec-examples-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

test("the README shows the quickstart as it is, and it runs", () => {
  const example = readFileSync(join(root, "examples/quickstart.mjs"), "utf8");
  expect(example.split("\n").length).toBeLessThan(50);
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain(`\`\`\`js\n${example}\`\`\``);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/syncodec"));
  writeFileSync(join(folder, "quickstart.mjs"), example);
  const { status, output } = run(["quickstart.mjs"]);
  expect(output.replaceAll(/\s+/g, " ")).toBe("[ 10 ] Uint16Array(10) [ 895, 896, 897, 898, 899, 7, 7, 7, 7, 7 ] ");
  expect(status).toBe(0);
});

test("zarrita_drop_in runs, in fewer than 50 lines, and every way gives the same", () => {
  const example = readFileSync(join(root, "examples/zarrita_drop_in.mjs"), "utf8");
  expect(example.split("\n").length).toBeLessThan(50);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/syncodec"));
  for (const name of ["zarrita", "@zarrita"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "zarrita_drop_in.mjs"), example);
  const { status, output } = run(["zarrita_drop_in.mjs"]);
  const elements = "Uint16Array(4) [ 467, 867, 7, 7 ]";
  expect(output.replaceAll(/\s+/g, " ").trim()).toBe(`[ 4 ] [ 1 ] ${elements} ${elements} ${elements}`);
  expect(status).toBe(0);
});

const volume = join(root, "test/fixtures/real/mni152.ome.zarr");
const shards = readdirSync(volume, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\/c\/\d+\/\d+\/\d+$/.test(name),
);

test("there are shards to damage", () => {
  expect(shards.length).toBeGreaterThan(5);
});

test.each([
  [0, 0],
  [1, 0.25],
  [2, 0.5],
  [3, 0.75],
  [4, 1],
])("the demo fails when a stored byte is changed (%i, at %d of the shard)", (which, position) => {
  const copy = join(folder, "volume.zarr");
  cpSync(volume, copy, { recursive: true });
  const name = shards[Math.floor((which * shards.length) / 5)]!;
  const bytes = readFileSync(join(copy, name));
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * position));
  bytes[at] = bytes[at]! ^ 0x10;
  writeFileSync(join(copy, name), bytes);
  const { status, output } = run([join(root, "examples/demo/main.mjs"), copy]);
  expect(status).toBe(1);
  expect(output).toMatch(/CHECKSUM_MISMATCH|CORRUPT_DATA/);
  expect(output).toContain(`/${name}`);
});
