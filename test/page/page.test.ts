/** The benchmark page in Chromium: as `npm run bench:page` serves it, and from a plain web server under a path of its own. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireBuild } from "../cli/support.js";

interface Document {
  readonly cases: readonly {
    readonly id: string;
    readonly results: readonly { readonly name: string; readonly milliseconds: number }[];
  }[];
}

interface Modules {
  readonly build: { buildPage(folder: string): Promise<void> };
  readonly serve: {
    servePage(
      folder: string,
      options: { readonly base?: string; readonly isIsolated: boolean },
    ): Promise<{ readonly server: Server; readonly url: string }>;
  };
  readonly main: {
    openHost(): Promise<{ close(): void }>;
    selectCases(cases: readonly object[], options: object): readonly object[];
    measureCases(cases: readonly object[], host: object, options: object): Promise<Document>;
  };
  readonly index: { allCases(): readonly object[] };
  readonly measure: { readonly tinyEffort: object };
}

async function load<Name extends keyof Modules>(path: string): Promise<Modules[Name]> {
  return import(new URL(`../../bench/${path}`, import.meta.url).href);
}

requireBuild();
const folder = mkdtempSync(join(tmpdir(), "syncodec-page-"));
const servers: Server[] = [];
let isolatedUrl = "";
let plainUrl = "";
let browser: Browser;
let page: Page;
let errors: string[] = [];

beforeAll(async () => {
  const { buildPage } = await load<"build">("page/build.mjs");
  const { servePage } = await load<"serve">("page/serve.mjs");
  await buildPage(folder);
  const isolated = await servePage(folder, { isIsolated: true });
  const plain = await servePage(folder, { isIsolated: false, base: "/some/path/" });
  servers.push(isolated.server, plain.server);
  [isolatedUrl, plainUrl] = [isolated.url, plain.url];
  const executablePath = process.env.SYNCODEC_CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

afterAll(async () => {
  await browser?.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(url: string): Promise<void> {
  await page?.close();
  page = await browser.newPage();
  errors = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("requestfailed", (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(url);
}

const preset = (name: string) => page.locator("#presets button", { hasText: name }).click();
const groupOf = (letter: string) => page.locator("#groups > li", { has: page.locator(`b:text-is("${letter}")`) });

/** Chooses what `text` finds, by keyboard, in one group. */
async function choose(letter: string, text: string): Promise<void> {
  await page.locator("#filter").fill(text);
  await groupOf(letter).locator("> label input").press("Space");
}

const texts = (selector: string) => page.locator(selector).allTextContents();
const unitOf = (figure: string) => figure.replace(/[\d.]+ ?/, "");
const ended = () => page.locator("#progress").waitFor({ state: "hidden" });

/** Runs what is chosen. */
async function run(): Promise<void> {
  await page.locator("#run").press("Enter");
  // What an earlier run has left must not be taken for the end of this one.
  await page.locator("#progress").waitFor({ state: "visible" });
  await ended();
  await page.locator("#notice", { hasText: /^Measured / }).waitFor();
}

async function download(): Promise<Document> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
  return JSON.parse(readFileSync(await file.path(), "utf8"));
}

/** The kinds of the values of a document, by name. */
function kindsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(kindsOf);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, kindsOf(each)]));
}

const chosenIds = ["R.chunks1000.none.memory", "R.chunks1000.zstd.memory"];

/** The same cases on the command line, without peers in Python. */
async function documentOfCommandLine(): Promise<Document> {
  const { measureCases, openHost, selectCases } = await load<"main">("node/main.mjs");
  const { allCases } = await load<"index">("cases/index.mjs");
  const { tinyEffort } = await load<"measure">("measure.mjs");
  const host = await openHost();
  try {
    const cases = selectCases(allCases(), { case: chosenIds });
    return await measureCases(cases, host, { effort: tinyEffort, peers: ["zarrita"], quick: true, report: () => true });
  } finally {
    host.close();
  }
}

test("a run gives a table, plots, a file like that of the command line, and a link that restores them", async () => {
  await open(isolatedUrl);
  expect(await page.evaluate("crossOriginIsolated")).toBe(true);
  await preset("None");
  expect(await page.locator("#run").isDisabled()).toBe(true);
  await choose("R", "r.chunks1000.none.memory");
  await choose("R", "r.chunks1000.zstd.memory");
  expect(await page.locator("#chosen").textContent()).toBe("2 chosen");
  await run();
  expect(await page.locator("#notice").textContent()).toMatch(/^Measured 2 cases in \d+ s\.$/);
  expect(await texts("#tables tbody th code")).toEqual(chosenIds);
  expect(await texts("#tables thead th")).toEqual(["case", "syncodec", "speed", "new result", "zarrita"]);
  const figures = await texts("#tables td b");
  expect(figures).toHaveLength(6);
  expect(await page.locator("#plots svg").count()).toBe(1);
  expect(await page.locator("#plots").innerHTML()).not.toMatch(/NaN|undefined|Infinity/);

  const document = await download();
  expect(document.cases.map(({ id }) => id)).toEqual(chosenIds);
  const ownFields = { machine: expect.anything(), versions: expect.anything(), commit: expect.anything() };
  expect({ ...Object(kindsOf(document)), ...ownFields }).toEqual({
    ...Object(kindsOf(await documentOfCommandLine())),
    ...ownFields,
  });

  const link = page.url();
  await open(link);
  await page.locator("#results").waitFor();
  expect(await texts("#tables tbody th code")).toEqual(chosenIds);
  // A link has numbers of five digits.
  const restored = await texts("#tables td b");
  expect(restored.map(unitOf)).toEqual(figures.map(unitOf));
  for (const [i, figure] of figures.entries()) {
    expect(Number.parseFloat(restored[i]!) / Number.parseFloat(figure)).toBeCloseTo(1, 1);
  }
  expect(page.url()).toBe(link);
  expect(errors).toEqual([]);
});

test("without isolation, from a path: runs, and says why it has no workers; a run can be cancelled", async () => {
  await open(plainUrl);
  expect(await page.evaluate("crossOriginIsolated")).toBe(false);
  await page.locator("#filter").fill("G.workers");
  const boxes = groupOf("G").locator("details input");
  expect(await boxes.count()).toBeGreaterThan(10);
  const worker = groupOf("G").locator("li", { hasText: "G.workers.read.gzip.one-shard" });
  expect(await worker.locator("input").isDisabled()).toBe(true);
  expect(await worker.innerText()).toContain("needs a cross-origin isolated page");

  await preset("None");
  await choose("K", "K.crc32c.");
  await choose("C", "C.gzip.smooth.int32");
  for (const peer of ["fflate", "numcodecs.js", "@bokuweb/zstd-wasm"]) await page.locator(`[value="${peer}"]`).check();
  await page.locator("#run").click();
  await page.locator("#tables tbody tr").nth(1).waitFor();
  expect(await page.evaluate("document.activeElement.id")).toBe("cancel");
  await page.keyboard.press("Enter");
  await ended();
  expect(await page.locator("#notice").innerText()).toMatch(/^Cancelled after \d+ of 13 cases\.$/);
  const { cases } = await download();
  expect(cases.length).toBeGreaterThan(1);
  expect(cases.length).toBeLessThan(13);

  await open(plainUrl);
  await preset("None");
  await choose("C", "C.zstd.smooth.int32.4KiB.decode");
  for (const peer of ["numcodecs.js", "@bokuweb/zstd-wasm"]) await page.locator(`[value="${peer}"]`).check();
  await run();
  const contestants = (await download()).cases.flatMap(({ results }) => results.map(({ name }) => name));
  expect(contestants).toEqual(expect.arrayContaining(["@bokuweb/zstd-wasm", "numcodecs.js zstd", "syncodec into out"]));
  expect(errors).toEqual([]);
});

test("scaling with workers: where the page is isolated, they help", async () => {
  await open(isolatedUrl);
  const poolWorkers: string[] = [];
  page.on("worker", (worker) => {
    if (worker.url().endsWith("/pool_worker.js")) poolWorkers.push(worker.url());
  });
  expect(await page.locator("#environment > div", { hasText: "workers" }).locator("dd").innerText()).toBe("yes");
  await preset("None");
  await page.locator("#filter").fill("G.workers.read.gzip.chunks-of-256-KiB");
  await groupOf("G").locator("> label input").press("Space");
  await run();
  const { cases } = await download();
  expect(cases.map(({ id }) => id)).toEqual(["G.workers.read.gzip.chunks-of-256-KiB"]);
  const names = ["syncodec one thread", "syncodec two threads"];
  expect(cases[0]?.results.map(({ name }) => name)).toEqual(names);
  expect(poolWorkers.length).toBeGreaterThan(0);
  expect(await page.locator("#plots figure:not(.absent)", { hasText: "workers" }).locator("svg").count()).toBe(1);
  expect(await page.locator("#plots figure.absent").count()).toBe(0);
  expect(errors).toEqual([]);
});

test("only what is chosen is loaded, and the page does not wait for the library", async () => {
  await open("about:blank");
  const requests: string[] = [];
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  await page.goto(isolatedUrl);
  await page.locator("#run").waitFor();
  expect(requests.filter((path) => /zstd|blosc|worker|lz4/.test(path))).toEqual([]);
  await preset("None");
  await choose("K", "K.crc32c.16B");
  await run();
  expect(requests.filter((path) => /worker/.test(path))).toHaveLength(1);
  expect(requests).not.toContain("/zstd.wasm");
  await page.locator('[value="@bokuweb/zstd-wasm"]').check();
  await run();
  expect(requests).toContain("/zstd.wasm");
  expect(errors).toEqual([]);
});

test("a link that is broken, or holds something else, is named", async () => {
  const packed = (value: unknown): Promise<string> =>
    page.evaluate(async (text) => {
      const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
        .replaceAll("+", "-")
        .replaceAll("/", "_");
    }, JSON.stringify(value));
  await open(isolatedUrl);
  const markup = { name: "<img src=x>", milliseconds: "<b>", count: 1 };
  const fragments = ["%%", "AAAA", await packed({ cases: [markup] }), await packed([0]), await packed("x".repeat(5e6))];
  for (const fragment of fragments) {
    await open(`${isolatedUrl}#r=${fragment}`);
    await page.locator("#notice").waitFor();
    expect(await page.locator("#notice").innerText()).toContain("The link holds no results that can be read");
    expect(await page.locator("#results").isVisible()).toBe(false);
  }
  expect(errors).toEqual([]);
});
