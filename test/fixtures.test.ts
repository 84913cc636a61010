/** Arrays that zarr-python wrote: every one must give exactly the values it recorded. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type Chunk, init, type NumericDataTypeName, openArray, openArraySync, openGroupSync } from "../src/index.js";
import { LocalStore } from "../src/node.js";

interface Entry {
  readonly path: string;
  readonly kind?: "group";
  readonly members?: readonly string[];
  readonly dataType: string;
  readonly shape: readonly number[];
  readonly sha256: string;
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

const arrays = entries.filter(({ kind }) => kind !== "group");
const groups = entries.filter(({ kind }) => kind === "group");

test("the family is complete", () => {
  expect(arrays.length).toBeGreaterThanOrEqual(130);
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

test.each(groups)("group $path", ({ path, members }) => {
  const group = openGroupSync(store, { path });
  expect(group.membersSync().map((member) => member.path)).toHaveLength(members?.length ?? 0);
});
