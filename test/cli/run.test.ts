/** The command line itself: help, errors, exit statuses. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createArraySync } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { builtCommand, builtSyncodec, fixtures, requireBuild, syncodec, temporaryDirectory } from "./support.js";

requireBuild();
const directory = temporaryDirectory();
const array = join(fixtures, "special/two-transposes");

describe("help", () => {
  test("names every command", async () => {
    const { status, stdout, stderr } = await syncodec("--help");
    expect([status, stderr]).toEqual([0, ""]);
    for (const name of ["info", "verify", "copy", "dump", "bench"]) expect(stdout).toContain(`\n  ${name} `);
  });

  test.each(["info", "verify", "copy", "dump", "bench"])("%s --help", async (name) => {
    const { status, stdout, stderr } = await syncodec(name, "--help");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^Usage: syncodec ${name} `));
  });

  test("--version is that of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await syncodec("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });
});

test.each([
  [[], "syncodec: Missing command. Try: syncodec --help\n"],
  [["inspect"], 'syncodec: Unknown command "inspect". Try: syncodec --help\n'],
  [["--verbose"], 'syncodec: Unknown option "--verbose". Try: syncodec --help\n'],
  [["info"], "syncodec: Missing PATH. Try: syncodec info --help\n"],
  [["info", "a", "b"], 'syncodec: Unexpected argument "b". Try: syncodec info --help\n'],
  [["verify", "--all", "a"], "syncodec: Unknown option '--all'. Try: syncodec verify --help\n"],
  [
    ["dump", "--zarr_format=4", "a"],
    "syncodec: Option '--zarr_format' must be 2 or 3, not 4. Try: syncodec dump --help\n",
  ],
  [["copy", "a"], "syncodec: Missing DST. Try: syncodec copy --help\n"],
])("a wrong command line %j: one line and status 2", async (args, stderr) => {
  expect(await syncodec(...args)).toEqual({ status: 2, stdout: "", stderr });
});

test.each([
  [["info", "/no/such/path"], "syncodec: /no/such/path does not exist [NODE_NOT_FOUND]\n"],
  [
    ["info", fixtures],
    `syncodec: ${fixtures} is not a Zarr array or group: it has no zarr.json, .zarray or .zgroup [NODE_NOT_FOUND]\n`,
  ],
  [
    ["verify", join(fixtures, "manifest.json")],
    `syncodec: ${join(fixtures, "manifest.json")} is not a directory [NODE_NOT_FOUND]\n`,
  ],
  [
    ["dump", join(fixtures, "hierarchy")],
    `syncodec: ${join(fixtures, "hierarchy")} is a group, not an array [NODE_NOT_FOUND]\n`,
  ],
])("an error %j: one line and status 1", async (args, stderr) => {
  expect(await syncodec(...args)).toEqual({ status: 1, stdout: "", stderr });
});

test("--debug adds the stack, wherever it stands", async () => {
  const { status, stderr } = await syncodec("--debug", "info", "/no/such/path");
  expect(status).toBe(1);
  expect(stderr).toMatch(/^syncodec: .*\nNodeError: .*\n +at /);
  expect((await syncodec("info", "/no/such/path", "--debug")).stderr).toMatch(/\n +at /);
});

describe("as a program", () => {
  test("prints results and status", () => {
    expect(builtSyncodec("dump", `--array_path=${array}`)).toMatchObject({ status: 0, stderr: "" });
    expect(builtSyncodec("verify", array)).toMatchObject({ status: 0, stderr: "" });
    expect(builtSyncodec("info", "/no/such/path")).toMatchObject({ status: 1, stdout: "" });
    expect(builtSyncodec("inspect")).toMatchObject({ status: 2, stdout: "" });
  });

  test("a large output arrives whole through a pipe", () => {
    const path = join(directory, "large");
    createArraySync(new LocalStore(path), { shape: [1_000_000], chunkShape: [1000], dataType: "int32", fillValue: -7 });
    const { status, stdout } = builtSyncodec("dump", path);
    expect(status).toBe(0);
    expect(stdout === "-7\n".repeat(1_000_000)).toBe(true);
  });

  test("a reader that goes away ends it quietly", async () => {
    const path = join(directory, "endless");
    createArraySync(new LocalStore(path), { shape: [2 ** 40], chunkShape: [2 ** 20], dataType: "uint8" });
    const child = spawn(process.execPath, [builtCommand, "dump", path], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [status] = await once(child, "close");
    expect([status, stderr]).toEqual([0, ""]);
  });
});
