/**
 * OpfsStore over several pages and their ends, in a profile on disk: pages are killed while they write, take turns with each other, and meet a
 * quota.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** How a page ends. */
const ends = {
  reload: async (page) => page.reload(),
  "closed page": async (page) => page.close(),
  "crashed renderer": async (page) => {
    const crashed = page.waitForEvent("crash");
    const session = await page.context().newCDPSession(page);
    session.send("Page.crash").catch(() => undefined);
    await crashed;
    await page.close();
  },
  "terminated worker": async (page) => {
    await page.evaluate(() => globalThis.opfs.terminate());
    await page.close();
  },
};
const kinds = ["patch", "rewrite", "create"];
const states = { 0: "writing", 76: "live", 179: "retired", "-1": "empty" };

async function openPage(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => globalThis.opfs?.ready === true);
  return page;
}

/** Kills pages `rounds` times, and looks at what they leave. */
async function kill(context, url, rounds) {
  const found = {};
  let generation = 1;
  let page = await openPage(context, url);
  for (let round = 0; round < rounds; round++) {
    const [way, end] = Object.entries(ends)[round % 4];
    const kind = kinds[Math.floor(round / 4) % 3];
    const durability = round % 6 === 5 ? "power" : "process";
    let done = generation - 1;
    let begun;
    const isUnderWay = new Promise((resolve) => {
      begun = resolve;
    });
    page.on("console", (message) => {
      const [, number] = /^done (\d+)$/.exec(message.text()) ?? [];
      if (number === undefined) return;
      done = Number(number);
      begun();
    });
    page
      .evaluate(([...args]) => globalThis.opfs.writeForEver(...args), [kind, durability, generation])
      .catch(() => undefined);
    await isUnderWay;
    // At any moment of a write: they take some milliseconds each.
    await new Promise((resolve) => setTimeout(resolve, (round * 37) % 61));
    await end(page);
    if (!page.isClosed()) await page.close();
    page = await openPage(context, url);
    const left = await page.evaluate((what) => globalThis.opfs.look(what), kind);
    for (const state of left.journals) {
      const name = states[state] ?? state;
      found[name] = (found[name] ?? 0) + 1;
    }
    if (left.litter.length > 0) throw new Error(`${way}, ${kind}: ${left.litter} were left`);
    // What was done is there: the newest value is of this generation or a later one.
    const newest = kind === "create" ? left.generation : done + ((((left.generation - done) % 256) + 256) % 256);
    if (newest < done || newest > done + 100) throw new Error(`${way}, ${kind}: ${newest} was found, ${done} was done`);
    generation = Math.max(newest, done) + 1;
  }
  await page.close();
  return `${rounds} kills; journals found: ${Object.entries(found)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ")}`;
}

async function turns(context, url, codec) {
  const [first, second] = [await openPage(context, url), await openPage(context, url)];
  await first.evaluate((name) => globalThis.opfs.prepareTurns(name), codec);
  const start = performance.now();
  await Promise.all(
    [first, second].map((page, i) =>
      page.evaluate(([name, from]) => globalThis.opfs.takeTurns(name, from, 2), [codec, i]),
    ),
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const data = await second.evaluate((name) => globalThis.opfs.turnsTaken(name), codec);
  await Promise.all([first.close(), second.close()]);
  const lost = data.filter((value, i) => value !== i + 1).length;
  if (lost > 0) throw new Error(`${lost} of ${data.length} writes are lost`);
  return `${data.length} writes in ${seconds} s`;
}

async function quota(context, url, durability) {
  const page = await openPage(context, url);
  const session = await context.newCDPSession(page);
  const { origin } = new URL(url);
  page.on("console", async (message) => {
    if (message.text() !== "limit") return;
    const { usage } = await session.send("Storage.getUsageAndQuota", { origin });
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage + 2 ** 20 });
    await page.evaluate(() => globalThis.dispatchEvent(new Event("limited")));
  });
  const found = await page.evaluate((name) => globalThis.opfs.fillQuota(name), durability);
  await session.send("Storage.overrideQuotaForOrigin", { origin });
  await page.close();
  const refused = "QUOTA_EXCEEDED";
  const expected = {
    codes: [refused, refused, refused, "done", "done"],
    isOld: true,
    isMissing: true,
    files: ["old", "small"],
  };
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(JSON.stringify(found));
  return "3 writes refused";
}

/** Runs test/browser/opfs_cost.ts, and prints a table. */
export async function measureOpfs(executablePath, url) {
  const profile = mkdtempSync(join(tmpdir(), "syncodec-profile-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox"] });
  try {
    const page = await openPage(context, url);
    const rows = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker("/test/browser/opfs_cost.js", { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        }),
    );
    console.log("| ms | none | process | power |\n| --- | --- | --- | --- |");
    for (const [row, times] of Object.entries(rows))
      console.log(`| ${row} | ${times.map((time) => time.toFixed(2)).join(" | ")} |`);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Runs all; `url` is a page with opfs_page.ts. Returns the counts. */
export async function testOpfsPages(executablePath, url, { kills = 52 } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "syncodec-profile-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox"] });
  const tests = {
    "killed pages leave old or new": () => kill(context, url, kills),
    "two pages patch one shard in turns": () => turns(context, url, "none"),
    "two pages rewrite one shard in turns": () => turns(context, url, "gzip"),
    ...Object.fromEntries(
      ["none", "process", "power"].map((each) => [`the quota, ${each}`, () => quota(context, url, each)]),
    ),
  };
  const counts = { passed: 0, failed: 0 };
  try {
    for (const [name, body] of Object.entries(tests)) {
      const start = performance.now();
      try {
        const result = await body();
        counts.passed++;
        console.log(`✓ OpfsStore, pages: ${name}: ${result}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
      } catch (error) {
        counts.failed++;
        console.log(`✗ OpfsStore, pages: ${name}: ${error.stack}`);
      }
    }
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  return counts;
}
