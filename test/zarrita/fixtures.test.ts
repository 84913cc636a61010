/**
 * The arrays of zarr-python, read by zarrita and by `get`: the same, but where zarrita fails or gives other elements than zarr-python wrote.
 * Those are listed with their reason, and zarrita must still fail there, so that docs/zarrita.md stays true. That our elements are those of
 * zarr-python, test/fixtures.test.ts tells by their digests; here they are compared with what our own arrays read.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import * as zarr from "zarrita";
import { init, openArraySync } from "../../src/index.js";
import { get, syncodecArray } from "../../src/zarrita.js";
import { comparable, fixtureFolder, fixtureStore, openIn } from "./support.js";

interface Entry {
  readonly path: string;
  readonly kind?: "group";
  readonly dataType: string;
  readonly features?: readonly string[];
  readonly shape: readonly number[];
}

const entries: Entry[] = JSON.parse(readFileSync(join(fixtureFolder, "manifest.json"), "utf8"));
const arrays = entries.filter(({ kind }) => kind !== "group");
const store = fixtureStore();

beforeAll(() => init());

const hasFloat16 = "Float16Array" in globalThis;

/** Where zarrita 0.7.5 does not give what zarr-python wrote, by a part of the path. */
const differences: readonly (readonly [path: RegExp, reason: string])[] = [
  [/nested/, "shards in shards"],
  [/rectilinear/, "rectilinear grids"],
  [/extent-0|chunk-of-0/, "selections without elements"],
  [/fill-bits/, "fill values that are bit patterns"],
  [/074-uint64|076-uint64|rank0-never-written/, "fill values beyond 2^53"],
  [/two-transposes/, "two transposes"],
  [/bare-words/, "NaN as a word in Zarr v2 documents"],
  [/json2/, "json2 whose elements are arrays"],
  [/text-filled-with-0|vlen-utf8|17-uint64|35-fixed_length|41-string/, "fill values null and 0 of Zarr v2"],
  [/v2\/.*(vlen-bytes|adler32|astype|crc32|checksum|twice|fletcher|jenkins|packbits|quantize)/, "unknown codecs"],
  [/delta-(narrow|to-big|from-big)$/, "delta between types of different sizes or byte orders"],
  [/complex|datetime|timedelta|raw_bytes|struct/, "unknown data types"],
];

/** Why zarrita cannot read this array, if it cannot. */
function differenceOf({ path, dataType, features = [], shape }: Entry): string | undefined {
  const layout = features.find((each) => each.startsWith("layout:")) ?? "";
  if (dataType === "float16" && !hasFloat16) return "float16 on hosts without Float16Array";
  if (features.includes("indexLocation:start")) return "the index at a shard's start";
  if (/after-shard/.test(layout) || (/transpose-before-shard/.test(layout) && shape.length > 1))
    return "codecs around shards";
  return differences.find(([pattern]) => pattern.test(path))?.[1];
}

/** What zarrita makes of it; `undefined` if it fails. */
async function readTheirs(path: string): Promise<{ readonly result: unknown } | undefined> {
  try {
    return { result: comparable(await zarr.get(await openIn(store, path))) };
  } catch {
    return undefined;
  }
}

const same = arrays.filter((entry) => differenceOf(entry) === undefined);
const different = arrays.filter((entry) => differenceOf(entry) !== undefined);

test("most fixtures are the same to both", () => {
  expect(same.length).toBeGreaterThan(90);
});

test.each(same)("$path is the same", async ({ path }) => {
  expect(comparable(await get(await openIn(store, path)))).toEqual((await readTheirs(path))?.result);
});

test.each(different.map((entry) => ({ ...entry, reason: differenceOf(entry) })))(
  "$path differs: $reason",
  async ({ path }) => {
    const theirs = await readTheirs(path);
    const array = await openIn(store, path).catch(() => undefined);
    if (array === undefined) return;
    const ours = await get(array);
    expect(comparable(ours)).not.toEqual(theirs?.result);
    // Ours holds the elements that our own call reads.
    expect((await syncodecArray(array)).getSync(array.shape.length === 0 ? [] : null)).toEqual(
      openArraySync(store, { path }).getSync(array.shape.length === 0 ? [] : null),
    );
  },
);
