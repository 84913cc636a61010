/** zarrita's own stores under our arrays, and zarrita itself on what we wrote. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FetchStore, FileSystemStore, ZipFileStore } from "@zarrita/storage";
import { zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as zarrita from "zarrita";
import {
  type ByteRange,
  type Chunk,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  createGroup,
  init,
  openArray,
  openArraySync,
  openGroup,
  type Store,
  slice,
} from "../../src/index.js";

const shape = [9, 14];
const data = Int32Array.from({ length: 126 }, (_, i) => i * i - 50 * i);

type Layout = Pick<CreateArrayOptions<"int32">, "chunkShape" | "shardShape" | "compressors" | "indexLocation">;

const layouts: Readonly<Record<string, Layout>> = {
  plain: { chunkShape: [4, 5] },
  gzip: { chunkShape: [4, 5], compressors: ["gzip"] },
  zstd: { chunkShape: [4, 5], compressors: ["zstd"] },
  "plain shards": { chunkShape: [2, 5], shardShape: [4, 10] },
  "gzip shards": { chunkShape: [2, 5], shardShape: [4, 10], compressors: ["gzip"] },
  "zstd shards": {
    chunkShape: [2, 5],
    shardShape: [4, 10],
    compressors: [{ name: "zstd", configuration: { level: 1 } }],
  },
  "checked shards, index at the start": {
    chunkShape: [2, 5],
    shardShape: [8, 10],
    compressors: ["crc32c"],
    indexLocation: "start",
  },
};

const optionsOf = (layout: Layout) => ({ path: "a", shape, dataType: "int32" as const, ...layout });

/** Every layout under its own path, written by us. */
function writtenByUs(): Map<string, Uint8Array> {
  const store = new Map<string, Uint8Array>();
  for (const [name, layout] of Object.entries(layouts))
    createArraySync(store, { ...optionsOf(layout), path: name }).setSync(null, data);
  return store;
}

function columns(from: number, to: number): number[] {
  return [...data].filter((_, i) => i % 14 >= from && i % 14 < to);
}

/** All of the array and a part of it, which a shard answers in ranges. */
async function expectReadable(store: Store, path: string): Promise<void> {
  const array = await openArray<"int32">(store, { path });
  expect((await array.get()).data).toEqual(data);
  const part = (await array.get([null, slice(6, 9)])) as Chunk<"int32">;
  expect([...part.data]).toEqual(columns(6, 9));
  expect(await array.get([8, 13])).toBe(data[125]);
}

beforeAll(() => init());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zarrita-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each(Object.entries(layouts))("FileSystemStore, %s", (_, layout) => {
  test("is written and read, whole and in part", async () => {
    const store = new FileSystemStore(folder);
    const array = await createArray(store, optionsOf(layout));
    await array.set(null, data);
    await expectReadable(store, "a");
    await array.set([slice(3, 6), slice(4, 11)], -1);
    const expected = data.map((value, i) => {
      const [row, column] = [Math.floor(i / 14), i % 14];
      return row >= 3 && row < 6 && column >= 4 && column < 11 ? -1 : value;
    });
    expect((await (await openArray(store, { path: "a" })).get()).data).toEqual(expected);
    expect((await array.get([4, 4])) as number).toBe(-1);
  });

  test("chunks that become empty are deleted, also those that never were there", async () => {
    const store = new FileSystemStore(folder);
    const array = await createArray(store, optionsOf(layout));
    await array.set(null, 0);
    await array.set([slice(0, 8)], 5);
    await array.set(null, 0);
    expect(existsSync(join(folder, "a/c/0/0"))).toBe(false);
    expect((await array.get()).data).toEqual(new Int32Array(126));
  });
});

test("FileSystemStore: what is refused names the reason", async () => {
  const store = new FileSystemStore(folder);
  await createGroup(store, { path: "g" });
  await expect(createGroup(store, { path: "g", overwrite: true })).rejects.toMatchObject({
    message: "Cannot delete /g: the store cannot list its keys",
  });
  await expect(openArray(store, { path: "none" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  await expect((await openGroup(store)).members()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const unwritable = new FileSystemStore(join(folder, "g/zarr.json"));
  await expect(createGroup(unwritable)).rejects.toMatchObject({ name: "RuntimeError", code: "STORE_ERROR" });
});

type Answer = (request: IncomingMessage, response: ServerResponse, value: Uint8Array) => void;

/** A static file server that understands ranges. */
const withRanges: Answer = ({ method, headers }, response, value) => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "");
  if (match === null) {
    response.writeHead(200, { "content-length": value.length, "accept-ranges": "bytes" });
    response.end(method === "HEAD" ? undefined : value);
    return;
  }
  const [, first, last] = match;
  const start = first === "" ? Math.max(0, value.length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? value.length : Math.min(value.length, Number(last) + 1);
  if (start >= end) {
    response.writeHead(416, { "content-range": `bytes */${value.length}` }).end();
    return;
  }
  response.writeHead(206, {
    "content-range": `bytes ${start}-${end - 1}/${value.length}`,
    "content-length": end - start,
  });
  response.end(value.subarray(start, end));
};

/** One that ignores them: the answer is 200 and the whole value. */
const withoutRanges: Answer = ({ method }, response, value) => {
  response.writeHead(200, { "content-length": value.length });
  response.end(method === "HEAD" ? undefined : value);
};

describe.each([
  ["with ranges", withRanges],
  ["without ranges", withoutRanges],
])("FetchStore over a server %s", (kind, answer) => {
  let server: Server;
  let values: Map<string, Uint8Array>;
  let url: string;
  const requests: (string | undefined)[] = [];

  beforeAll(async () => {
    values = writtenByUs();
    server = createServer((request, response) => {
      if (request.method === "GET") requests.push(request.headers.range);
      const value = values.get(decodeURI(request.url ?? ""));
      if (value === undefined) response.writeHead(404).end();
      else answer(request, response, value);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test.each(Object.keys(layouts))("%s", async (path) => {
    for (const useSuffixRequest of [false, true]) await expectReadable(new FetchStore(url, { useSuffixRequest }), path);
  });

  test("asks for ranges as long as the server answers them", async () => {
    const array = await openArray(new FetchStore(url, { useSuffixRequest: true }), { path: "plain shards" });
    // The second time the index is known.
    for (const expected of kind === "with ranges" ? [2, 1] : [1, 0]) {
      requests.length = 0;
      expect(await array.get([0, 0])).toBe(data[0]);
      expect(requests.filter((range) => range !== undefined)).toHaveLength(expected);
    }
  });

  test("missing chunks are fill values, missing nodes NODE_NOT_FOUND, and nothing can be written", async () => {
    const key = "/plain/c/0/0";
    const value = values.get(key)!;
    values.delete(key);
    const store = new FetchStore(url);
    const array = await openArray(store, { path: "plain" });
    expect(await array.get([0, 0])).toBe(0);
    values.set(key, value);
    await expect(openArray(store, { path: "none" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(array.set([0, 0], 1)).rejects.toMatchObject({ code: "STORE_ERROR" });
  });

  test("a shard cut short is an error, not elements", async () => {
    for (const path of ["plain shards", "checked shards, index at the start"]) {
      const key = `/${path}/c/0/0`;
      const value = values.get(key)!;
      for (const length of [0, 1, 60, value.length - 1]) {
        values.set(key, value.subarray(0, length));
        const array = await openArray(new FetchStore(url), { path });
        await expect(array.get([slice(0, 9), slice(0, 10)])).rejects.toMatchObject({
          code: expect.stringMatching(/INVALID_SHARD_INDEX|CHECKSUM_MISMATCH|CORRUPT_DATA|STORE_ERROR/),
        });
      }
      values.set(key, value);
    }
  });
});

test("FetchStore: a server that fails is a STORE_ERROR with the key", async () => {
  const server = createServer((_, response) => response.writeHead(503).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const store = new FetchStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await expect(openArray(store, { path: "a" })).rejects.toMatchObject({ code: "STORE_ERROR", key: "/a/zarr.json" });
  await new Promise((resolve) => server.close(resolve));
});

describe.each([
  ["stored", 0],
  ["deflated", 6],
] as const)("ZipFileStore of a zip with %s entries", (_, level) => {
  test.each(Object.keys(layouts))("%s", async (path) => {
    const files = Object.fromEntries([...writtenByUs()].map(([key, value]) => [key.slice(1), value]));
    const store = ZipFileStore.fromBlob(new Blob([zipSync(files, { level })]));
    await expectReadable(store, path);
    await expect(openArray(store, { path: "none" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });
});

/** As users write it: a Map that answers ranges, here at once. */
class RangeMap extends Map<string, Uint8Array> {
  readonly ranges: ByteRange[] = [];
  getRange(key: string, range: ByteRange): Uint8Array | undefined {
    this.ranges.push(range);
    const value = this.get(key);
    if ("suffixLength" in range) return value?.subarray(Math.max(0, value.length - range.suffixLength));
    return value?.subarray(range.offset, range.offset + range.length);
  }
}

describe("maps", () => {
  test.each(Object.entries(layouts))("a plain Map and one with getRange hold the same bytes, %s", (_, layout) => {
    const plain = new Map<string, Uint8Array>();
    const ranged = new RangeMap();
    for (const store of [plain, ranged]) {
      const array = createArraySync(store, optionsOf(layout));
      array.setSync(null, data);
      array.setSync([2, null], 7);
      const part = openArraySync<"int32">(store, { path: "a" }).getSync([null, slice(6, 9)]) as Chunk<"int32">;
      expect([...part.data]).toEqual(columns(6, 9).map((value, i) => (i >= 6 && i < 9 ? 7 : value)));
    }
    expect([...ranged]).toEqual([...plain]);
    expect(ranged.ranges.length > 0).toBe(layout.shardShape !== undefined);
  });

  test("a getRange that answers more than it was asked for gives no wrong elements", () => {
    class WholeMap extends Map<string, Uint8Array> {
      getRange(key: string): Uint8Array | undefined {
        return this.get(key);
      }
    }
    const store = new WholeMap(writtenByUs());
    for (const path of Object.keys(layouts)) {
      const part = openArraySync<"int32">(store, { path }).getSync([null, slice(6, 9)]) as Chunk<"int32">;
      expect([...part.data]).toEqual(columns(6, 9));
    }
  });
});

describe("zarrita", () => {
  /** In C order: zarrita gives a transposed array's elements in their stored order, with strides. */
  function ordered({ data, stride }: zarrita.Chunk<"int32">): Int32Array {
    return Int32Array.from({ length: 126 }, (_, i) => data[Math.floor(i / 14) * stride[0]! + (i % 14) * stride[1]!]!);
  }

  // zarrita 0.7 looks for a shard's index at its end only, and reads shards from stores with getRange only.
  const readable = Object.keys(layouts).filter((name) => layouts[name]!.indexLocation === undefined);

  test.each(readable)("reads what we wrote: %s", async (name) => {
    const store = new RangeMap(writtenByUs());
    const array = await zarrita.open.v3(zarrita.root(store).resolve(name), { kind: "array" });
    expect(array.shape).toEqual(shape);
    const whole = await zarrita.get(array);
    expect(whole.data).toEqual(data);
    const part = await zarrita.get(array, [null, zarrita.slice(6, 9)]);
    expect([...(part.data as Int32Array)]).toEqual(columns(6, 9));
  });

  test("reads our group, attributes and a partly rewritten shard", async () => {
    const store = new RangeMap();
    const array = createArraySync(store, { ...optionsOf(layouts["zstd shards"]!), attributes: { unit: "m" } });
    array.setSync(null, data);
    array.setSync([slice(1, 8), 3], 42);
    const group = await zarrita.open.v3(zarrita.root(store), { kind: "group" });
    const theirs = await zarrita.open.v3(group.resolve("a"), { kind: "array" });
    expect(theirs.attrs).toEqual({ unit: "m" });
    expect((await zarrita.get(theirs)).data).toEqual(array.getSync().data);
  });

  const chains: Readonly<Record<string, { name: string; configuration: Record<string, unknown> }[]>> = {
    none: [],
    // zarrita 0.7 decodes gzip and does not encode it.
    zstd: [{ name: "zstd", configuration: { level: 1, checksum: false } }],
    big: [{ name: "bytes", configuration: { endian: "big" } }],
    transposed: [
      { name: "transpose", configuration: { order: [1, 0] } },
      { name: "bytes", configuration: { endian: "little" } },
      { name: "zstd", configuration: { level: 1, checksum: false } },
    ],
  };

  test.each(Object.entries(chains))("wrote what we read: %s", async (_, codecs) => {
    const store = new Map<string, Uint8Array>();
    const location = zarrita.root(store).resolve("a");
    const array = await zarrita.create(location, { shape, chunkShape: [4, 5], dtype: "int32", codecs, fillValue: 3 });
    await zarrita.set(array, [zarrita.slice(0, 8), null], {
      data: data.slice(0, 112),
      shape: [8, 14],
      stride: [14, 1],
    });
    const expected = data.map((value, i) => (i < 112 ? value : 3));
    const ours = openArraySync<"int32">(store, { path: "a" });
    expect(ours.getSync().data).toEqual(expected);
    ours.setSync([8, null], data.slice(112));
    expect(ordered(await zarrita.get(array))).toEqual(data);
    await zarrita.set(array, [0, 0], -9);
    expect(ours.getSync([0, 0])).toBe(-9);
  });
});

test("what a FileSystemStore holds is what a Map holds", async () => {
  const map = writtenByUs();
  const store = new FileSystemStore(folder);
  for (const [name, layout] of Object.entries(layouts))
    await (await createArray(store, { ...optionsOf(layout), path: name })).set(null, data);
  for (const [key, value] of map)
    expect(Uint8Array.from(readFileSync(join(folder, key)))).toEqual(Uint8Array.from(value));
});
