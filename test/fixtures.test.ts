/** Arrays that zarr-python wrote: every one must give exactly the values it recorded. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { elementFormatter } from "../src/cli/element_text.js";
import {
  type Chunk,
  init,
  type NumericDataTypeName,
  openArray,
  openArraySync,
  openGroupSync,
  type ZarrArray,
} from "../src/index.js";
import { LocalStore } from "../src/node.js";

interface Entry {
  readonly path: string;
  readonly kind?: "group";
  readonly members?: readonly string[];
  readonly dataType: string;
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly zarrFormat?: 2;
}

const root = new URL("./fixtures/", import.meta.url);
const entries: Entry[] = JSON.parse(readFileSync(new URL("manifest.json", root), "utf8"));
const store = new LocalStore(root);

beforeAll(() => init());

function digest({ data }: Chunk<NumericDataTypeName>): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}

/** Of what `dump` prints. */
function digestText(array: ZarrArray, { data, shape }: Chunk): string {
  const count = shape.reduce((product, length) => product * length, 1);
  return createHash("sha256").update(elementFormatter(array.metadata.dataType, data)(0, count)).digest("hex");
}

const arrays = entries.filter(({ kind, zarrFormat }) => kind !== "group" && zarrFormat === undefined);
const arraysV2 = entries.filter(({ kind, zarrFormat }) => kind !== "group" && zarrFormat === 2);
const groups = entries.filter(({ kind }) => kind === "group");

test("the family is complete", () => {
  expect(arrays.length).toBeGreaterThanOrEqual(130);
  expect(arraysV2.length).toBeGreaterThanOrEqual(75);
});

describe.each(arrays)("$path", ({ path, dataType, shape, sha256 }) => {
  test("synchronously", () => {
    const array = openArraySync<NumericDataTypeName>(store, { path });
    expect([array.dataType, array.shape]).toEqual([dataType, shape]);
    expect(digest(array.getSync())).toBe(sha256);
  });

  test("in the batched pipeline", async () => {
    const array = await openArray<NumericDataTypeName>(store, { path, pipeline: "batched" });
    expect(digest(await array.get())).toBe(sha256);
  });
});

describe.each(arraysV2)("$path", ({ path, dataType, shape, sha256 }) => {
  test("synchronously", () => {
    const array = openArraySync(store, { path });
    expect([array.metadata.zarrFormat, array.dataType, array.shape]).toEqual([2, dataType, shape]);
    expect(digestText(array, array.getSync())).toBe(sha256);
  });

  test("in the batched pipeline", async () => {
    const array = await openArray(store, { path, pipeline: "batched", zarrFormat: 2 });
    expect(digestText(array, await array.get())).toBe(sha256);
  });
});

test.each(groups)("group $path", ({ path, members }) => {
  const group = openGroupSync(store, { path });
  const names = group.membersSync().map((member) => member.path.slice(group.path.length + 1));
  expect(names.sort()).toEqual(members);
});
