/** Running the command, in this process or as a child. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { run } from "../../src/cli/run.js";

export const fixtures: string = fileURLToPath(new URL("../fixtures", import.meta.url));

export interface ManifestEntry {
  readonly path: string;
  readonly kind?: "group";
  readonly shape: readonly number[];
  readonly dataType: string;
  readonly head: readonly string[];
  readonly zarrFormat?: 2;
}

const manifest: ManifestEntry[] = JSON.parse(readFileSync(join(fixtures, "manifest.json"), "utf8"));
const manifestArrays = manifest.filter(({ kind }) => kind !== "group");
/** Of Zarr v3. */
export const fixtureArrays: readonly ManifestEntry[] = manifestArrays.filter(({ zarrFormat }) => zarrFormat !== 2);
export const fixtureArraysV2: readonly ManifestEntry[] = manifestArrays.filter(({ zarrFormat }) => zarrFormat === 2);

/** Keeps what is written to it. */
export class Capture extends Writable {
  readonly isTTY: boolean;
  readonly #parts: string[] = [];

  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  get text(): string {
    return this.#parts.join("");
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.#parts.push(text);
    done();
  }
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process. */
export async function syncodec(...args: string[]): Promise<Result> {
  const stdout = new Capture();
  const stderr = new Capture();
  const status = await run(args, { stdout, stderr });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

export const builtCommand: string = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** To be called by every file that starts children. */
export function requireBuild(): void {
  beforeAll(() => {
    if (!existsSync(builtCommand)) throw new Error("dist/ is missing: `npm run build` comes before the tests");
  });
}

/** Runs the built command as a child. */
export function builtSyncodec(...args: string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtCommand, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return { status, stdout, stderr };
}

/** A directory for the tests of the calling file; it is removed after them. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "syncodec-cli-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
