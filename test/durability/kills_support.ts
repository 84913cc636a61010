/** Changes of one value, by a process that is killed meanwhile, or by one whose calls fail. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { LocalStore, LocalStoreOptions } from "../../src/node.js";
import type { Patch } from "../../src/stores/store.js";
import { crc32cOf } from "../../src/wasm/checksum.js";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
export const killsFs: string = path("kills_fs.mjs");
const child = path("kills_child.mjs");

/** A directory for the calling file's tests; it is removed after them. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "syncodec-durability-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export type Change =
  | { readonly kind: "set"; readonly value: Uint8Array }
  | { readonly kind: "delete" }
  | { readonly kind: "patch"; readonly patch: Patch };

export interface Scenario {
  readonly name: string;
  /** `undefined`: there is none. */
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  readonly change: Change;
}

/** Bytes that repeat nowhere near. */
export function pattern(length: number, seed: number): Uint8Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function patched(before: Uint8Array, { writes, byteLength = before.byteLength }: Patch): Uint8Array {
  const after = new Uint8Array(byteLength);
  after.set(before.subarray(0, byteLength));
  for (const { offset, bytes } of writes) after.set(bytes, offset);
  return after;
}

function patchScenario(name: string, before: Uint8Array, patch: Patch): Scenario {
  return { name, before, after: patched(before, patch), change: { kind: "patch", patch } };
}

const old = pattern(6000, 1);
const guardOf = (offset: number, length: number): Patch["guard"] => ({
  offset,
  length,
  checksum: crc32cOf(old.subarray(offset, offset + length)),
});

/** Every way in which a stored value changes. */
export const scenarios: readonly Scenario[] = [
  patchScenario("slots, W5", old, {
    writes: [
      { offset: 500, bytes: pattern(1300, 2) },
      { offset: 4000, bytes: pattern(64, 3) },
    ],
    guard: guardOf(5800, 200),
  }),
  patchScenario("append with the index at the end, W6", old, {
    writes: [{ offset: 6000, bytes: pattern(2500, 4) }],
    byteLength: 8500,
  }),
  patchScenario("append with the index at the start, W6", old, {
    writes: [
      { offset: 6000, bytes: pattern(2500, 5) },
      { offset: 0, bytes: pattern(700, 6) },
    ],
    byteLength: 8500,
  }),
  patchScenario("slots of a value that becomes shorter", old, {
    writes: [{ offset: 100, bytes: pattern(1000, 7) }],
    byteLength: 3000,
  }),
  { name: "a whole value", before: old, after: pattern(7000, 8), change: { kind: "set", value: pattern(7000, 8) } },
  { name: "a new value", before: undefined, after: pattern(700, 9), change: { kind: "set", value: pattern(700, 9) } },
  { name: "a value that is deleted", before: old, after: undefined, change: { kind: "delete" } },
];

/** What {@link runChange} tells the child about the file system; see `arm` in kills_fs.mjs. */
export interface Plan {
  readonly at?: number;
  readonly only?: string;
  readonly isCut?: boolean;
  readonly error?: { readonly code: string; readonly names: readonly string[]; readonly count: number };
}

export interface Outcome {
  readonly wasKilled: boolean;
  /** Names of the calls of the file system, if it was not. */
  readonly calls: readonly string[];
  readonly error?: { readonly name: string; readonly code: string; readonly key?: string; readonly message: string };
}

export interface ChangeOptions {
  readonly store?: LocalStoreOptions;
  readonly isAsync?: boolean;
  readonly plan?: Plan;
  /** What the child is started with, instead of by itself. */
  readonly command?: (program: readonly string[]) => readonly string[];
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function described(key: string, change: Change): object {
  if (change.kind === "set") return { kind: "set", key, value: text(change.value) };
  if (change.kind === "delete") return { kind: "delete", key };
  const { writes, byteLength, guard } = change.patch;
  return {
    kind: "patch",
    key,
    writes: writes.map(({ offset, bytes }) => ({ offset, text: text(bytes) })),
    byteLength,
    guard,
  };
}

/** Makes the change in a process of its own. */
export function runChange(
  root: string,
  key: string,
  change: Change,
  { store = {}, isAsync = false, plan = {}, command = (program) => program }: ChangeOptions = {},
): Outcome {
  const argument = JSON.stringify({ root, store, change: described(key, change), isAsync, arm: plan });
  const [program, ...args] = command([process.execPath, "--import", killsFs, child, argument]);
  const { signal, status, stdout, stderr } = spawnSync(program!, args, { encoding: "utf8" });
  if (signal === "SIGKILL") return { wasKilled: true, calls: [] };
  if (status !== 0) throw new Error(`the child failed: ${stderr}`);
  return { wasKilled: false, ...JSON.parse(stdout) };
}

/** Hidden files and directories below `root`, by their paths. */
export function litterIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.split("/").some((segment) => segment.startsWith("__")))
    .sort();
}

/** The value as whoever opens it sees it. */
export function read(store: LocalStore, key: string): Uint8Array | undefined {
  for (;;) {
    const value = store.openSync(key);
    if (value === undefined) return undefined;
    try {
      const bytes = value.read({ offset: 0, length: value.byteLength });
      value.check?.();
      return bytes;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "VALUE_CHANGED")) throw error;
    } finally {
      value.close();
    }
  }
}

export function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}
