/** Files that take each other's place in Node.js and in browsers: both must offer the same. */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { lazyCodecs, builtInCodecs as staticCodecs } from "../src/codecs/index.browser.js";
import { builtInCodecs } from "../src/codecs/index.js";
import { lazyFamilies, dataTypeFamilies as staticFamilies } from "../src/metadata/data_type_families.browser.js";
import { dataTypeFamilies } from "../src/metadata/data_type_families.js";
import { lazyPart, staticPart, whenLoaded } from "../src/part.js";

const src = new URL("../src/", import.meta.url);
const replacements = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".browser.ts"));

test("there are some", () => {
  expect(replacements.length).toBeGreaterThan(4);
});

test.each(replacements)("%s exports what the other one does", async (path) => {
  const load = async (file: string): Promise<string[]> =>
    Object.keys(await import(fileURLToPath(new URL(file, src)))).sort();
  expect(await load(path)).toEqual(await load(path.replace(".browser.ts", ".ts")));
});

/** Names and other names of what stands in lists. */
const named = (all: readonly { readonly name: string; readonly aliases?: readonly string[] }[]) => ({
  names: all.map(({ name }) => name).sort(),
  aliases: all.flatMap(({ aliases = [] }) => aliases).sort(),
});

test("codecs on demand have the names that they are loaded by, and none is left out", async () => {
  for (const { names, aliases, codecs } of lazyCodecs) {
    await codecs.load();
    const loaded = named(codecs.get());
    expect(loaded).toEqual({ names: [...names].sort(), aliases: [...(aliases ?? [])].sort() });
  }
  expect(named([...staticCodecs, ...lazyCodecs.flatMap(({ codecs }) => codecs.get())])).toEqual(named(builtInCodecs));
});

test("so have data types", async () => {
  for (const { names, aliases, families } of lazyFamilies) {
    await families.load();
    const loaded = named(families.get());
    expect(loaded).toEqual({ names: [...names].sort(), aliases: [...(aliases ?? [])].sort() });
  }
  const all = [...staticFamilies, ...lazyFamilies.flatMap(({ families }) => families.get())];
  expect(named(all)).toEqual(named(dataTypeFamilies));
});

test("a part throws until it is loaded, once for all", async () => {
  let count = 0;
  const part = lazyPart("The answer is", async () => ++count);
  expect(() => part.get()).toThrow("The answer is not loaded: `await init()` once, before synchronous calls");
  expect(await whenLoaded(() => part.get() + 1)).toBe(2);
  await part.load();
  expect(count).toBe(1);
  expect(staticPart(5).get()).toBe(5);
  await expect(whenLoaded(() => (1).toFixed(1000))).rejects.toThrow(RangeError);
});

test("a part that cannot be loaded says so, and can be tried again", async () => {
  let isDown = true;
  const part = lazyPart("The part is", async () => {
    if (isDown) throw new TypeError("no network");
    return "here";
  });
  await expect(whenLoaded(() => part.get())).rejects.toThrow("no network");
  isDown = false;
  expect(await whenLoaded(() => part.get())).toBe("here");
});
