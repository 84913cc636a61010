/** The examples that are pages, in Chromium, and the array that each shows; beside it what the library reads in Node.js. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArraySync } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { requireBuild } from "../cli/support.js";

interface Serve {
  servePage(
    folder: string,
    options: { readonly isIsolated: boolean },
  ): Promise<{ readonly server: Server; readonly url: string }>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "syncodec-pages-"));
const volume = new LocalStore(join(root, "test/fixtures/real/mni152.ome.zarr"));
const servers: Server[] = [];
let browser: Browser;

requireBuild();

async function serve(path: string, isIsolated: boolean): Promise<string> {
  const { servePage }: Serve = await import(new URL("../../bench/page/serve.mjs", import.meta.url).href);
  const { server, url } = await servePage(path, { isIsolated });
  servers.push(server);
  return url;
}

beforeAll(async () => {
  const executablePath = process.env.SYNCODEC_CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterAll(async () => {
  await browser?.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A page with a profile of its own, and what goes wrong in it. A shard that is missing is no failure. */
async function open(url: string): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  const page = await (await browser.newContext()).newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("404")) errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

const statusOf = (page: Page, pattern: RegExp) => page.locator("#status", { hasText: pattern }).innerText();

/** The shape of a canvas and the red of its pixels, in the order in which it shows them, or the other way round. */
async function greys(page: Page, selector = "canvas"): Promise<{ shape: readonly number[]; data: readonly number[] }> {
  return page.locator(selector).evaluate((canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) throw new Error("no canvas");
    const { width, height } = canvas;
    const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    return { shape: [height, width], data: [...data].filter((_, i) => i % 4 === 0).reverse() };
  });
}

function planeOf(path: string, selection: readonly (number | null)[]): { shape: readonly number[]; data: number[] } {
  const array = openArraySync(volume, { path });
  if (!array.is("uint8")) throw new Error("the volume has uint8 elements");
  const plane = array.getSync(selection);
  if (typeof plane === "number") throw new Error("a plane has more than one element");
  return { shape: plane.shape, data: [...plane.data] };
}

test.each(["viewer", "paint", "vite"])("%s has fewer than 50 lines of code", (name) => {
  const path = join(root, "examples", name);
  const lines = readdirSync(path)
    .filter((file) => file.endsWith(".js"))
    .flatMap((file) => readFileSync(join(path, file), "utf8").split("\n"))
    .filter((line) => !/^\s*(?:$|\/\/|\/\*\*.*\*\/$)/.test(line));
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.length).toBeLessThan(50);
});

test.each([true, false])("viewer: the planes of every level, isolated: %s", async (isIsolated) => {
  const { page, errors } = await open(`${await serve(root, isIsolated)}examples/viewer/`);
  await statusOf(page, /^Plane 94: /);
  expect(await greys(page)).toEqual(planeOf("/0", [94]));
  await page.locator("#z").press("ArrowRight");
  const requests = (status: string) => status.replace(/^.*: /, "");
  const after = requests(await statusOf(page, /^Plane 95: /));
  expect(Number(after)).toBeGreaterThan(10);
  expect(await greys(page)).toEqual(planeOf("/0", [95]));
  await page.locator("#z").press("ArrowLeft");
  // Planes 64 to 95 share inner chunks.
  expect(requests(await statusOf(page, /^Plane 94: /))).toBe(after);
  await page.locator("#z").press("End");
  await statusOf(page, /^Plane 188: /);
  expect(await page.locator("#position").innerText()).toBe("188 mm");
  await page.locator("#level").selectOption({ index: 2 });
  const { shape } = planeOf("/2", [0]);
  await statusOf(page, /^Plane 47: /);
  expect((await greys(page)).shape).toEqual(shape);
  expect(await greys(page)).toEqual(planeOf("/2", [47]));
  expect(errors).toEqual([]);
});

describe("paint", () => {
  /** A stroke from left to right at this part of the height. */
  async function stroke(page: Page, part: number): Promise<void> {
    const box = await page.locator("canvas").boundingBox();
    if (box === null) throw new Error("no canvas");
    const at = (x: number) => [box.x + box.width * x, box.y + box.height * part] as const;
    await page.mouse.move(...at(0.4));
    await page.mouse.down();
    await page.mouse.move(...at(0.6), { steps: 5 });
    await page.mouse.up();
  }

  /** Counts bytes that are written to files from now on. */
  async function countWrites(page: Page): Promise<() => Promise<number>> {
    const worker = page.workers().find((each) => each.url().endsWith("/opfs_worker.js"));
    if (worker === undefined) throw new Error("no worker has the files");
    await worker.evaluate(`{
      globalThis.written = 0;
      const { prototype } = FileSystemSyncAccessHandle;
      const { write } = prototype;
      prototype.write = function (bytes, options) {
        globalThis.written += bytes.byteLength;
        return write.call(this, bytes, options);
      };
    }`);
    return () => worker.evaluate("globalThis.written");
  }

  test.each([true, false])("strokes are patches, and are there after a reload; isolated: %s", async (isIsolated) => {
    const { page, errors } = await open(`${await serve(root, isIsolated)}examples/paint/`);
    await statusOf(page, /^Paint /);
    const original = planeOf("/0", [94]);
    expect(await greys(page)).toEqual(original);

    const written = await countWrites(page);
    await stroke(page, 0.5);
    const count = Number(/^Stored: (\d+) pixels$/.exec(await statusOf(page, /^Stored: /))?.[1]);
    const painted = await greys(page);
    const changed = painted.data.filter((grey, i) => grey !== original.data[i]);
    expect(count).toBeGreaterThan(100);
    expect(count).toBeLessThan(400);
    expect(changed.length).toBeGreaterThan(count / 2);
    // The shard has 56 inner chunks; the stroke lies in two or three of them.
    const slot = 32 * 32 * 4 + 4;
    expect(await written()).toBeGreaterThanOrEqual(2 * slot);
    expect(await written()).toBeLessThan(10 * slot);

    await page.reload();
    await statusOf(page, /^Paint /);
    expect(await greys(page)).toEqual(painted);
    await page.getByText("Start afresh").click();
    await statusOf(page, /^Stored: all/);
    expect(await greys(page)).toEqual(original);
    await page.reload();
    await statusOf(page, /^Paint /);
    expect(await greys(page)).toEqual(original);
    expect(errors).toEqual([]);
  });

  test("says what fails", async () => {
    const { page } = await open("about:blank");
    await page.route("**/mni152.ome.zarr/**", (route) => route.fulfill({ status: 403 }));
    await page.goto(`${await serve(root, true)}examples/paint/`);
    expect(await statusOf(page, /./)).toContain("403");
  });
});

test.each([true, false])("Vite app: three planes of the volume, isolated: %s", async (isIsolated) => {
  const app = join(folder, `${isIsolated}`, "examples/vite");
  for (const path of ["examples/vite", "examples/style.css", "test/fixtures/real"]) {
    cpSync(join(root, path), join(folder, `${isIsolated}`, path), { recursive: true });
  }
  const installed = join(app, "node_modules/syncodec");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true });
  await viteBuild({ root: app, configFile: join(app, "vite.config.js"), logLevel: "error" });

  const { page, errors } = await open(await serve(`${join(app, "dist")}/`, isIsolated));
  const status = await statusOf(page, /voxels/);
  expect(status).toContain("189 × 233 × 197");
  expect(status).toContain("At 94, 116, 98: ");
  expect(await page.evaluate("crossOriginIsolated")).toBe(isIsolated);
  const isOffCross = (row: number, column: number): boolean => row !== 116 && column !== 98;
  const { shape, data } = planeOf("/0", [94]);
  const width = shape[1]!;
  const expected = data.filter((_, i) => isOffCross(Math.floor(i / width), i % width));
  const shown = await greys(page, "figure:last-child canvas");
  expect(shown.data.filter((_, i) => isOffCross(Math.floor(i / width), i % width))).toEqual(expected);
  await page.locator("figure:first-child canvas").click({ position: { x: 20, y: 10 } });
  expect(await statusOf(page, /At 18\d, 116, 18\d: 0$/)).toContain("At 18");
  expect(errors).toEqual([]);
});
