/**
 * The package as it is installed, in a page: bundled by each bundler without configuration, and as modules without any; run by Chromium under a
 * Content-Security-Policy.
 */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { rollup } from "rollup";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import webpack from "webpack";
import { requireBuild } from "../cli/support.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "syncodec-bundlers-"));
const app = join(folder, "app.js");
const html = (script: string): string =>
  `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".html": "text/html",
  ".wasm": "application/wasm",
};
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
let policy = "";
let isolation: Readonly<Record<string, string>> = isolated;
let server: Server;
let browser: Browser;

requireBuild();

beforeAll(async () => {
  const installed = join(folder, "node_modules", "syncodec");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true });
  for (const name of ["app.js", "browser_app.js", "reading_app.js", "asset_app.js"]) {
    cpSync(fileURLToPath(new URL(name, import.meta.url)), join(folder, name));
  }
  writeFileSync(join(folder, "package.json"), '{ "name": "app", "type": "module" }');
  server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? "/", "http://page").pathname);
    if (!existsSync(path)) response.writeHead(404).end();
    else {
      const type = types[extname(path)] ?? "application/octet-stream";
      const headers = { "Content-Type": type, "Content-Security-Policy": policy, ...isolation };
      response.writeHead(200, headers).end(readFileSync(path));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const executablePath = process.env.SYNCODEC_CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const withWebAssembly = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:";

/** What the app at `path` of the server gives. */
async function runInPage(path: string, contentPolicy: string): Promise<{ results: unknown; requests: string[] }> {
  policy = contentPolicy;
  const page = await browser.newPage();
  const requests: string[] = [];
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/${path}`);
  await page.waitForFunction("globalThis.results !== undefined");
  const results = await page.evaluate("globalThis.results");
  await page.close();
  return { results, requests };
}

const expected = {
  plain: true,
  unknown: "NODE_NOT_FOUND",
  zstd: true,
  gzip: true,
  blosc: true,
  v2: true,
  lz4: "CODEC_NOT_LOADED",
  lz4AfterInit: "no error",
  sync: 7,
};

/** Each leaves `app.js` in its folder, or a page of its own. */
const bundlers: Readonly<Record<string, (outdir: string, entry?: string) => Promise<void>>> = {
  async esbuild(outdir) {
    await esbuild.build({ entryPoints: [app], bundle: true, format: "esm", outdir });
  },
  async "esbuild with splitting"(outdir, entry = app) {
    await esbuild.build({ entryPoints: [entry], bundle: true, splitting: true, minify: true, format: "esm", outdir });
  },
  async vite(outdir, entry = app) {
    writeFileSync(join(folder, "index.html"), html(`./${basename(entry)}`));
    // Workers that load chunks on demand are modules; Vite's default is a script.
    const worker = { format: "es" } as const;
    await viteBuild({
      root: folder,
      base: "./",
      logLevel: "error",
      configFile: false,
      build: { outDir: outdir },
      ...(entry !== app && { worker }),
    });
  },
  async webpack(outdir, entry = app) {
    const compiler = webpack({
      mode: "production",
      entry,
      context: folder,
      output: { path: outdir, filename: "app.js" },
    });
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
      compiler?.run((error, result) => (error ? reject(error) : resolve(result))),
    );
    expect(stats?.toJson({ all: false, errors: true }).errors).toEqual([]);
  },
  async rollup(outdir) {
    const bundle = await rollup({ input: app, plugins: [nodeResolve()] });
    await bundle.write({ dir: outdir, format: "es" });
    await bundle.close();
  },
};

test.each(Object.keys(bundlers))("%s", async (name) => {
  const path = `out/${name.replaceAll(" ", "-")}`;
  const outdir = join(folder, path);
  await bundlers[name]!(outdir);
  const page = join(outdir, "index.html");
  if (!existsSync(page)) writeFileSync(page, html("./app.js"));
  expect((await runInPage(`${path}/index.html`, withWebAssembly)).results).toEqual(expected);
});

const withBrowser = { opfs: [1, 2, 2, 1], isEqual: true };

test.each(["vite", "webpack"])("syncodec/browser with its workers: %s", async (name) => {
  const path = `out/${name}-browser`;
  const outdir = join(folder, path);
  await bundlers[name]!(outdir, join(folder, "browser_app.js"));
  const page = join(outdir, "index.html");
  if (!existsSync(page)) writeFileSync(page, html("./app.js"));
  const { results, requests } = await runInPage(`${path}/index.html`, withWebAssembly);
  expect(results).toEqual(withBrowser);
  expect(requests.length).toBeGreaterThan(2);
});

test("the encoder of zstd as an asset: vite", async () => {
  await bundlers.vite!(join(folder, "out/asset"), join(folder, "asset_app.js"));
  const { results, requests } = await runInPage("out/asset/index.html", withWebAssembly);
  expect(results).toEqual(new Array(9).fill(5));
  expect(requests.filter((path) => path.endsWith(".wasm"))).toHaveLength(1);
  expect(requests.filter((path) => path.includes("zstd-text"))).toEqual([]);
});

test.each([true, false])("syncodec/browser without a bundler, isolated: %s", async (isIsolated) => {
  const text = readFileSync(join(folder, "browser_app.js"), "utf8")
    .replace('from "syncodec"', 'from "./node_modules/syncodec/dist/web/index.js"')
    .replace('from "syncodec/browser"', 'from "./node_modules/syncodec/dist/web/browser.js"');
  writeFileSync(join(folder, "plain_browser.js"), text);
  writeFileSync(join(folder, "plain_browser.html"), html("./plain_browser.js"));
  isolation = isIsolated ? isolated : {};
  const { results, requests } = await runInPage("plain_browser.html", withWebAssembly);
  isolation = isolated;
  expect(results).toEqual(withBrowser);
  expect(requests.some((path) => path.endsWith("/opfs_worker.js"))).toBe(true);
  expect(requests.some((path) => path.endsWith("/pool_worker.js"))).toBe(isIsolated);
});

/** The app without a bundler: the package by its path. */
function writePlainPage(): void {
  const path = join(folder, "plain.js");
  writeFileSync(
    path,
    readFileSync(app, "utf8").replace('from "syncodec"', 'from "./node_modules/syncodec/dist/web/index.js"'),
  );
  writeFileSync(join(folder, "plain.html"), html("./plain.js"));
}

test("modules without a bundler, which load only what is needed", async () => {
  writePlainPage();
  const { results, requests } = await runInPage("plain.html", withWebAssembly);
  expect(results).toEqual(expected);
  expect(requests.filter((path) => path.includes("zstd-library"))).toHaveLength(1);
  expect(requests.filter((path) => path.includes("scalar-"))).toEqual([]);
});

test("reading a sharded array of numbers loads the core and nothing on demand", async () => {
  const outdir = join(folder, "out/reading");
  await bundlers["esbuild with splitting"]!(outdir, join(folder, "reading_app.js"));
  writeFileSync(join(outdir, "index.html"), html("./reading_app.js"));
  const { results, requests } = await runInPage("out/reading/index.html", withWebAssembly);
  expect(results).toEqual({ all: [1, 2, 3, 4, 5, 6, 7, 8], one: 7 });
  // What the entry does not import by name comes on demand.
  const imported = new Set(["reading_app.js"]);
  for (const file of imported) {
    const text = readFileSync(join(outdir, file), "utf8");
    for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) imported.add(name!);
  }
  const scripts = requests.map((path) => basename(path)).filter((name) => name.endsWith(".js"));
  expect(new Set(scripts)).toEqual(imported);
});

test("a policy that forbids WebAssembly is named", async () => {
  writePlainPage();
  const { results } = await runInPage("plain.html", "default-src 'self'; script-src 'self'; img-src data:");
  expect(results).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("'wasm-unsafe-eval'") });
});
