/** Which file may import which: the layers of ARCHITECTURE.md. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

interface Import {
  readonly from: string;
  /** A path in src, or a bare module name. */
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"))
  .sort();

const code = new Map(files.map((path) => [path, withoutComments(readFileSync(join(src, path), "utf8"))]));

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function importsOf(from: string): Import[] {
  const text = code.get(from)!;
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:([^;"']*?)\sfrom\s+)?["']([^"']+)["']/gm);
  const found = [...statements].map(([, type, names, module]) => {
    const named = /^\{([\s\S]*)\}$/.exec(names?.trim() ?? "")?.[1];
    const list = named
      ?.split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const allTypes = list !== undefined && list.length > 0 && list.every((name) => name.startsWith("type "));
    return { module: module!, isTypeOnly: type !== undefined || allTypes };
  });
  const inline = [...text.matchAll(/(\btypeof\s+)?\bimport\(\s*["']([^"']+)["']\s*\)/g)].map(([, type, module]) => ({
    module: module!,
    isTypeOnly: type !== undefined,
  }));
  return [...found, ...inline].map(({ module, isTypeOnly }) => {
    if (!module.startsWith(".")) return { from, to: module, isTypeOnly };
    const path = relative(src, join(src, dirname(from), module)).replaceAll("\\", "/");
    return { from, to: path.replace(/\.js$/, ".ts"), isTypeOnly };
  });
}

const imports = files.flatMap(importsOf);
const isOurs = ({ to }: Import): boolean => code.has(to);
const show = ({ from, to }: Import): string => `${from} -> ${to}`;

const base = ["errors.ts", "platform.ts", "part.ts"];
const entries = ["index.ts", "worker.ts", "node.ts", "browser.ts", "zarrita.ts", "numcodecs.ts", "kernels.ts"];

/** The layer of a file: its folder; of a file directly in src, itself if it is named here, else the array layer. */
function layerOf(path: string): string {
  if (path === "browser/pool_worker.ts") return "worker.ts";
  const slash = path.indexOf("/");
  if (slash >= 0) return path.slice(0, slash);
  return [...base, ...entries].includes(path) ? path : "array";
}

const lower = [...base, "wasm", "grid", "metadata"];
const all = [...lower, "stores", "codecs", "workers", "pipeline", "array"];

/** What each layer may import besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "platform.ts": ["errors.ts"],
  "part.ts": ["errors.ts"],
  wasm: base,
  grid: base,
  metadata: [...base, "grid"],
  stores: [...base, "wasm"],
  codecs: lower,
  workers: base,
  pipeline: [...lower, "stores", "codecs", "workers"],
  array: [...lower, "stores", "codecs", "pipeline"],
  "worker.ts": [...lower, "codecs", "workers", "pipeline"],
  "index.ts": all,
  node: [...base, "wasm", "stores"],
  browser: [...base, "wasm", "stores", "workers"],
  "node.ts": [...all, "node"],
  "browser.ts": [...all, "browser"],
  zarrita: all,
  "zarrita.ts": ["zarrita"],
  "numcodecs.ts": [...all, "index.ts"],
  "kernels.ts": ["wasm"],
  cli: [...all, "index.ts", "node.ts", "node"],
};

/** Imports of types only that go up or sideways, each with its reason. */
const typeExceptions: readonly string[] = [
  // Where a shard's index lies is a byte range of a stored value.
  "codecs/sharding_indexed.ts -> stores/store.ts",
];

describe("layers", () => {
  test("the scan finds the imports", () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.map(show)).toEqual(
      expect.arrayContaining([
        "codecs/gzip.ts -> fflate",
        "codecs/zstd_encoder.ts -> @bokuweb/zstd-wasm",
        "array.ts -> errors.ts",
      ]),
    );
    const unresolved = imports.filter(({ to }) => to.endsWith(".ts") && !code.has(to));
    expect(unresolved.map(show)).toEqual([]);
  });

  test("every file is in a known layer, and imports only what lies below", () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => allowed[layer] === undefined)).toEqual([]);
    const wrong = imports.filter((each) => {
      if (!isOurs(each)) return false;
      const [from, to] = [layerOf(each.from), layerOf(each.to)];
      if (from === to || allowed[from]?.includes(to)) return false;
      return !(each.isTypeOnly && typeExceptions.includes(show(each)));
    });
    expect(wrong.map(show)).toEqual([]);
  });

  test("every exception is needed", () => {
    const shown = imports.map(show);
    for (const exception of typeExceptions) expect(shown).toContain(exception);
  });

  test("codecs import algorithms that they share, and never each other", () => {
    // A codec is what the list imports; all other files of the folder are shared.
    const lists = ["codecs/index.ts", "codecs/index.browser.ts"];
    const codecs = imports.filter(
      ({ from, to, isTypeOnly }) => from === lists[0] && !isTypeOnly && layerOf(to) === "codecs",
    );
    const names = new Set(codecs.map(({ to }) => to));
    expect(names.size).toBeGreaterThan(20);
    const users = imports.filter(
      ({ from, to }) =>
        names.has(to) && layerOf(from) === "codecs" && !lists.includes(from) && from !== "codecs/codec.ts",
    );
    expect(users.filter((each) => !each.isTypeOnly || names.has(each.from)).map(show)).toEqual([]);
    const values = imports.filter(({ from, to, isTypeOnly }) => {
      return from === "codecs/codec.ts" && layerOf(to) === "codecs" && !isTypeOnly;
    });
    expect(values.map(show)).toEqual([]);
  });

  test("imports that exist at run time make no cycles", () => {
    const next = new Map(files.map((path) => [path, imports.filter((each) => each.from === path && !each.isTypeOnly)]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, above: readonly string[]): void => {
      if (above.includes(path)) cycles.push([...above.slice(above.indexOf(path)), path].join(" -> "));
      if (done.has(path) || above.includes(path)) return;
      for (const { to } of next.get(path) ?? []) visit(to, [...above, path]);
      done.add(path);
    };
    for (const path of files) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

/** Files that run when `entry` is imported. */
function reachable(entry: string): Set<string> {
  const found = new Set<string>();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    queue.push(...imports.filter((each) => each.from === path && !each.isTypeOnly).map(({ to }) => to));
  }
  return found;
}

describe("the host", () => {
  test("only src/wasm says WebAssembly", () => {
    const others = files.filter((path) => layerOf(path) !== "wasm" && /\bWebAssembly\s*\./.test(code.get(path)!));
    expect(others).toEqual([]);
  });

  test("nothing that index.ts reaches imports a Node module or names a Node or DOM global", () => {
    const found = [...reachable("index.ts")];
    expect(found.filter((module) => module.startsWith("node:"))).toEqual([]);
    expect(found.filter((module) => !module.endsWith(".ts")).sort()).toEqual(["@bokuweb/zstd-wasm", "fflate"]);
    const globals = /\b(?:Buffer\.|__dirname|require\(|window\.|document\.(?:create|query|body)|navigator\.)/;
    const naming = found.filter((path) => path !== "platform.ts" && globals.test(code.get(path) ?? ""));
    expect(naming).toEqual([]);
  });

  test("Node modules are imported by node/ and cli/ only", () => {
    const users = imports.filter(({ to }) => to.startsWith("node:")).map(({ from }) => layerOf(from));
    expect([...new Set(users)].filter((layer) => layer !== "node" && layer !== "cli")).toEqual([]);
  });

  test("no file imports from test, dist or build, or by an absolute path", () => {
    const outside = imports.filter(({ to }) => to.startsWith("..") || to.startsWith("/") || to.startsWith("file:"));
    expect(outside.map(show)).toEqual([]);
  });
});
