/** `HttpStore` over a real server, which also misbehaves; and zarrita's `FetchStore` beside it. */

import { gzipSync } from "node:zlib";
import { FetchStore } from "@zarrita/storage";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as zarrita from "zarrita";
import { type Chunk, createArraySync, HttpStore, init, openArray, slice } from "../../src/index.js";
import { get } from "../../src/zarrita.js";
import { type Exchange, type Server, serve, startServer } from "../support/http_server.js";

const value = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const data = Int32Array.from({ length: 400 }, (_, i) => i * 3);

let values: Map<string, Uint8Array>;
let server: Server;
const etags = new Map<string, string>();

function writeArray(elements: Int32Array): void {
  createArraySync(values, {
    path: "a",
    shape: [20, 20],
    chunkShape: [5, 5],
    shardShape: [20, 20],
    dataType: "int32",
    compressors: ["crc32c"],
    overwrite: true,
  }).setSync(null, elements);
}

beforeAll(() => init());
beforeEach(async () => {
  values = new Map([
    ["/value", value],
    ["/empty", new Uint8Array(0)],
    ["/with space/ü?#%", Uint8Array.of(1, 2, 3)],
  ]);
  etags.clear();
  writeArray(data);
  server = await startServer(values, (key) => etags.get(key));
});
afterEach(() => server.close());

const open = (options = {}): HttpStore => new HttpStore(server.url, { retryDelayMs: 1, ...options });

/** Answers with what `change` makes of the good answer's headers and body. */
function changed(
  change: (headers: Record<string, string | number>, body: Uint8Array) => Uint8Array | undefined,
): (exchange: Exchange) => boolean {
  return ({ response, value: all, span }) => {
    if (span === undefined) return false;
    const headers: Record<string, string | number> = {
      "content-range": `bytes ${span.start}-${span.end - 1}/${all.length}`,
    };
    const body = change(headers, all.subarray(span.start, span.end));
    response.writeHead(206, headers);
    response.end(body);
    return true;
  };
}

async function sampleReads(store: HttpStore): Promise<void> {
  expect(await store.get("/value")).toEqual(value);
  expect(await store.getRange("/value", { offset: 10, length: 20 })).toEqual(value.subarray(10, 30));
  expect(await store.getRange("/value", { offset: 990, length: 20 })).toEqual(value.subarray(990));
  expect(await store.getRange("/value", { offset: 2000, length: 20 })).toEqual(new Uint8Array(0));
  expect(await store.getRange("/value", { offset: 10, length: 0 })).toEqual(new Uint8Array(0));
  expect(await store.getRange("/value", { suffixLength: 20 })).toEqual(value.subarray(980));
  expect(await store.getRange("/value", { suffixLength: 2000 })).toEqual(value);
  expect(await store.getRange("/value", { suffixLength: 0 })).toEqual(new Uint8Array(0));
  expect(await store.getRange("/empty", { suffixLength: 20 })).toEqual(new Uint8Array(0));
  expect(await store.getRange("/empty", { offset: 0, length: 20 })).toEqual(new Uint8Array(0));
  for (const range of [{ offset: 0, length: 5 }, { suffixLength: 5 }])
    expect(await store.getRange("/none", range)).toBeUndefined();
  expect(await store.get("/none")).toBeUndefined();
}

describe("a server that answers ranges", () => {
  test("gives values and parts of them", async () => {
    await sampleReads(open());
    server.log.length = 0;
    await open().getRange("/value", { suffixLength: 20 });
    expect(server.log).toEqual(["GET /value bytes=-20"]);
  });

  test("is asked under the URL with its path and query, whatever is in a key", async () => {
    values.set("/base/with space/ü?#%", Uint8Array.of(7));
    const store = new HttpStore(`${server.url}/base/?token=1`);
    expect(await store.get("/with space/ü?#%")).toEqual(Uint8Array.of(7));
    expect(store.url).toBe(`${server.url}/base/?token=1`);
  });

  test("gets the headers, and requests through the caller's fetch", async () => {
    const seen: (string | null)[] = [];
    const store = open({
      headers: { Authorization: "Bearer x" },
      fetch: async (request: Request) => {
        seen.push(request.headers.get("authorization"), request.headers.get("range"));
        const response = await fetch(request);
        return response.status === 404 ? new Response(null, { status: 404 }) : response;
      },
    });
    await store.getRange("/value", { offset: 0, length: 4 });
    expect(seen).toEqual(["Bearer x", "bytes=0-3"]);
  });

  test("is read by arrays with two requests for a part of a shard, by one later", async () => {
    const array = await openArray<"int32">(open(), { path: "a" });
    for (const count of [2, 1]) {
      server.log.length = 0;
      const { data: part } = (await array.get([slice(0, 5), slice(0, 10)])) as Chunk<"int32">;
      expect(part).toHaveLength(50);
      expect(server.log).toHaveLength(count);
    }
  });

  test("is read by zarrita, through our pipeline and its own", async () => {
    const array = await zarrita.open(zarrita.root(open()).resolve("a"), { kind: "array" });
    for (const read of [zarrita.get, get]) expect((await read(array)).data).toEqual(data);
  });
});

describe("a server that", () => {
  test("ignores ranges: values are read whole, the second time at once", async () => {
    server.answer = ({ request, response, value: all }) => {
      response.writeHead(200, { "content-length": all.length });
      response.end(request.method === "HEAD" ? undefined : all);
      return true;
    };
    const store = open();
    await sampleReads(store);
    expect(store.hasRanges).toBe(false);
    const array = await openArray(store, { path: "a" });
    server.log.length = 0;
    expect((await array.get()).data).toEqual(data);
    expect(server.log).toEqual(["GET /a/c/0/0"]);
  });

  test.each([
    [200, true],
    [400, true],
    [416, true],
    [501, true],
    [416, false],
    [200, false],
  ])("knows no ranges from the end (%i), HEAD: %s", async (status, hasHead) => {
    server.answer = ({ request, response }) => {
      const isRefused = request.headers.range?.startsWith("bytes=-") || (request.method === "HEAD" && !hasHead);
      if (isRefused) response.writeHead(request.method === "HEAD" ? 405 : status).end();
      return isRefused ?? false;
    };
    const store = open();
    await sampleReads(store);
    server.log.length = 0;
    await store.getRange("/value", { suffixLength: 3 });
    expect(server.log).toEqual([hasHead ? "HEAD /value" : "GET /value bytes=0-0", "GET /value bytes=997-999"]);
  });

  test("knows neither ranges nor HEAD", async () => {
    server.answer = ({ request, response, value: all }) => {
      if (request.method === "HEAD") response.writeHead(405).end();
      else response.writeHead(200).end(all);
      return true;
    };
    await sampleReads(open());
  });

  test("compresses on the way: values are read whole", async () => {
    server.answer = ({ response, value: all, span }) => {
      const body = gzipSync(all);
      const headers = { "content-encoding": "gzip" };
      if (span === undefined) response.writeHead(200, { ...headers, "content-length": body.length }).end(body);
      else
        response.writeHead(206, { ...headers, "content-range": `bytes 0-9/${body.length}` }).end(body.subarray(0, 10));
      return true;
    };
    const store = open();
    expect(await store.get("/value")).toEqual(value);
    expect(await store.getRange("/value", { offset: 10, length: 20 })).toEqual(value.subarray(10, 30));
    expect(await store.getRange("/value", { suffixLength: 20 })).toEqual(value.subarray(980));
    expect((await (await openArray(store, { path: "a" })).get()).data).toEqual(data);
  });

  test("sends no Content-Range: a body of another length is refused", async () => {
    server.answer = changed((headers, body) => {
      delete headers["content-range"];
      return body;
    });
    const store = open();
    expect(await store.getRange("/value", { offset: 10, length: 20 })).toEqual(value.subarray(10, 30));
    expect(await store.getRange("/value", { suffixLength: 20 })).toEqual(value.subarray(980));
    await expect(store.getRange("/value", { offset: 990, length: 20 })).rejects.toMatchObject({
      code: "STORE_ERROR",
      key: "/value",
      expected: "20 bytes, or a Content-Range",
      found: "10 bytes",
    });
    await expect(store.getRange("/value", { suffixLength: 2000 })).rejects.toMatchObject({ code: "STORE_ERROR" });
  });

  test.each(["bytes 11-30/1000", "bytes 10-28/1000", "bytes 10-30/1000", "bytes */1000", "items 10-29/1000", "10-29"])(
    "sends another part: %s",
    async (contentRange) => {
      server.answer = changed((headers, body) => {
        headers["content-range"] = contentRange;
        const [, first = "0", last = "0"] = /(\d+)-(\d+)/.exec(contentRange) ?? [];
        return value
          .subarray(Number(first), Number(first) + Math.max(body.length, Number(last) - Number(first) + 1))
          .subarray(0, Number(last) - Number(first) + 1);
      });
      await expect(open().getRange("/value", { offset: 10, length: 20 })).rejects.toMatchObject({
        name: "RuntimeError",
        code: "STORE_ERROR",
        key: "/value",
        found: expect.stringContaining(contentRange),
      });
      expect(server.log).toHaveLength(1);
    },
  );

  test("refuses a range that the value has", async () => {
    server.answer = ({ response }) => {
      response.writeHead(416, { "content-range": "bytes */1000" }).end();
      return true;
    };
    await expect(open().getRange("/value", { offset: 10, length: 20 })).rejects.toMatchObject({ code: "STORE_ERROR" });
  });

  test.each([403, 301, 204, 418])("answers %i", async (status) => {
    server.answer = ({ response }) => {
      response.writeHead(status).end();
      return true;
    };
    await expect(open().get("/value")).rejects.toMatchObject({
      code: "STORE_ERROR",
      key: "/value",
      found: `${status}`,
    });
    await expect(open().getRange("/value", { offset: 0, length: 2 })).rejects.toMatchObject({ code: "STORE_ERROR" });
    expect(server.log).toHaveLength(2);
  });
});

describe("what fails in passing", () => {
  /** Fails the first `count` requests. */
  function failing(count: number, fail: (exchange: Exchange) => void): void {
    let failed = 0;
    server.answer = (exchange) => {
      if (failed === count) return false;
      failed++;
      fail(exchange);
      return true;
    };
  }

  const failures: Readonly<Record<string, (exchange: Exchange) => void>> = {
    "503": ({ response }) => void response.writeHead(503).end("busy"),
    "429": ({ response }) => void response.writeHead(429, { "retry-after": "0" }).end(),
    "a connection reset before the answer": ({ request }) => void request.socket.destroy(),
    "a connection reset within the body": ({ response, value: all }) => {
      response.writeHead(200, { "content-length": all.length });
      response.write(all.subarray(0, 10), () => response.destroy());
    },
    "a body shorter than its Content-Range": ({ response, span }) => {
      const headers = span === undefined ? {} : { "content-range": `bytes ${span.start}-${span.end - 1}/1000` };
      response.writeHead(span === undefined ? 503 : 206, headers).end(value.subarray(0, 3));
    },
  };

  test.each(Object.entries(failures))("%s is tried again", async (_, fail) => {
    failing(2, fail);
    expect(await open().getRange("/value", { offset: 0, length: 20 })).toEqual(value.subarray(0, 20));
    expect(server.log).toHaveLength(3);
    failing(2, fail);
    expect(await open().get("/value")).toEqual(value);
  });

  test.each(Object.entries(failures))("%s for ever is an error that names the key", async (_, fail) => {
    failing(Number.POSITIVE_INFINITY, fail);
    await expect(open({ retries: 2 }).getRange("/value", { offset: 0, length: 20 })).rejects.toMatchObject({
      code: "STORE_ERROR",
      key: "/value",
      reason: expect.stringContaining("Request failed 3 times"),
    });
    expect(server.log).toHaveLength(3);
    await expect(open({ retries: 0 }).get("/value")).rejects.toMatchObject({ code: "STORE_ERROR" });
    expect(server.log).toHaveLength(4);
  });

  test("a server that asks for a long time gets it, and one that asks for too long no more requests", async () => {
    failing(1, ({ response }) => void response.writeHead(503, { "retry-after": "1" }).end());
    const before = performance.now();
    expect(await open().get("/value")).toEqual(value);
    expect(performance.now() - before).toBeGreaterThan(900);
    failing(
      1,
      ({ response }) => void response.writeHead(503, { "retry-after": new Date(Date.now() + 1e7).toUTCString() }).end(),
    );
    await expect(open().get("/value")).rejects.toMatchObject({ reason: "Request failed: status 503" });
  });

  test("nobody there is an error", async () => {
    const { url } = server;
    await server.close();
    await expect(new HttpStore(url, { retries: 1, retryDelayMs: 1 }).get("/value")).rejects.toMatchObject({
      code: "STORE_ERROR",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
    server = await startServer(values);
  });

  test("a signal stops a request, and the wait for the next one", async () => {
    server.answer = () => true;
    const controller = new AbortController();
    const read = open().get("/value", { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(read).rejects.toMatchObject({ name: "AbortError" });
    failing(1, ({ response }) => void response.writeHead(503, { "retry-after": "30" }).end());
    const signal = AbortSignal.timeout(50);
    await expect(open().get("/value", { signal })).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(open().get("/value", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a value that changes", () => {
  const key = "/a/c/0/0";
  const part = [slice(0, 5), slice(0, 5)];
  const expected = (elements: Int32Array): number[] => [...elements].filter((_, i) => i < 100 && i % 20 < 5);

  /** Changes the shard before the `n`th request for it. */
  function changing(...before: number[]): void {
    let count = 0;
    etags.set(key, '"0"');
    server.answer = (exchange) => {
      if (exchange.key !== key) return false;
      if (before.includes(++count)) {
        writeArray(data.map((each) => each + count));
        etags.set(key, `"${count}"`);
        serve({ ...exchange, value: values.get(key)!, headers: { etag: etags.get(key)! } });
        return true;
      }
      return false;
    };
  }

  test("between its index and its chunks: is read once more", async () => {
    changing(2);
    const array = await openArray<"int32">(open(), { path: "a" });
    const { data: found } = (await array.get(part)) as Chunk<"int32">;
    expect([...found]).toEqual(expected(data.map((each) => each + 2)));
    expect(server.log.filter((each) => each.includes(key))).toHaveLength(4);
  });

  test("is not taken from a cache the second time", async () => {
    changing(2);
    const modes: string[] = [];
    const store = open({
      fetch: (request: Request) => {
        if (request.url.endsWith(key)) modes.push(request.cache);
        return fetch(request);
      },
    });
    await (await openArray<"int32">(store, { path: "a" })).get(part);
    expect(modes).toEqual(["default", "default", "no-cache", "no-cache"]);
  });

  test("after its index was kept: is read once more", async () => {
    changing(3);
    const array = await openArray<"int32">(open(), { path: "a" });
    await array.get(part);
    const { data: found } = (await array.get(part)) as Chunk<"int32">;
    expect([...found]).toEqual(expected(data.map((each) => each + 3)));
  });

  test("each time: is an error", async () => {
    changing(2, 4);
    const array = await openArray<"int32">(open(), { path: "a" });
    await expect(array.get(part)).rejects.toMatchObject({
      name: "RuntimeError",
      code: "VALUE_CHANGED",
      key,
      expected: '"2"',
      found: '"4"',
    });
    const { data: found } = (await array.get(part)) as Chunk<"int32">;
    expect([...found]).toEqual(expected(data.map((each) => each + 4)));
  });

  test("under several reads at once: all of them are of one version", async () => {
    changing(9);
    const array = await openArray<"int32">(open(), { path: "a" });
    const parts = Array.from({ length: 16 }, (_, i) => [
      slice((i >> 2) * 5, (i >> 2) * 5 + 5),
      slice((i & 3) * 5, (i & 3) * 5 + 5),
    ]);
    const results = await Promise.all(parts.map((each) => array.get(each)));
    for (const [i, result] of results.entries()) {
      const { data: found } = result as Chunk<"int32">;
      const first = (i >> 2) * 100 + (i & 3) * 5;
      expect([data[first]!, data[first]! + 9]).toContain(found[0]);
      expect([...found].map((each) => each - found[0]!)).toEqual(expected(data).map((each) => each));
    }
  });

  test("is an error to zarrita until the key is forgotten", async () => {
    changing(3);
    const store = open();
    const array = await zarrita.open(zarrita.root(store).resolve("a"), { kind: "array" });
    const selection = [zarrita.slice(0, 5), zarrita.slice(0, 5)];
    await zarrita.get(array, selection);
    for (let i = 0; i < 2; i++)
      await expect(zarrita.get(array, selection)).rejects.toMatchObject({ code: "VALUE_CHANGED" });
    store.forget(key);
    const anew = await zarrita.open(zarrita.root(store).resolve("a"), { kind: "array" });
    expect([...((await zarrita.get(anew, selection)).data as Int32Array)]).toEqual(
      expected(data.map((each) => each + 3)),
    );
  });

  test("is told by Last-Modified where there is no ETag", async () => {
    let date = "Mon, 01 Jan 2024 00:00:00 GMT";
    server.answer = (exchange) => {
      serve({ ...exchange, headers: { "last-modified": date } });
      return true;
    };
    const store = open();
    await store.getRange("/value", { offset: 0, length: 2 });
    date = "Mon, 01 Jan 2024 00:00:01 GMT";
    await expect(store.getRange("/value", { offset: 0, length: 2 })).rejects.toMatchObject({
      code: "VALUE_CHANGED",
      found: date,
    });
  });
});

test("options and ranges are checked", async () => {
  for (const options of [{ retries: -1 }, { retryDelayMs: Number.NaN }])
    expect(() => new HttpStore("http://x", options)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => new HttpStore("no url")).toThrow(TypeError);
  await expect(open().getRange("/value", { offset: -1, length: 2 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

/** What our checks make of zarrita's store, which has none itself, on the same failures. */
describe("FetchStore", () => {
  const whole = async (): Promise<unknown> =>
    (
      (await (
        await openArray(new FetchStore(server.url, { useSuffixRequest: true }), { path: "a" })
      ).get([slice(0, 5)])) as Chunk<"int32">
    ).data;

  test("a range that is answered by the whole value is cut", async () => {
    server.answer = ({ response, value: all }) => {
      response.writeHead(200).end(all);
      return true;
    };
    expect(await whole()).toEqual(data.subarray(0, 100));
  });

  test("a short body and another part are errors of the data, by the index or the checksum", async () => {
    for (const cut of [(body: Uint8Array) => body.subarray(1), (body: Uint8Array) => body.map((each) => each ^ 1)]) {
      server.answer = changed((_, body) => cut(body));
      await expect(whole()).rejects.toMatchObject({ name: "DataError", key: "/a/c/0/0" });
    }
  });

  test("a compressed part is an error", async () => {
    server.answer = ({ response, value: all, span }) => {
      if (span === undefined) return false;
      const body = gzipSync(all).subarray(0, 20);
      response.writeHead(206, { "content-encoding": "gzip", "content-range": `bytes 0-19/${all.length}` }).end(body);
      return true;
    };
    await expect(whole()).rejects.toMatchObject({ key: "/a/c/0/0" });
  });

  test("a server without HEAD is an error, unless it has suffix ranges", async () => {
    server.answer = ({ request, response }) => {
      if (request.method !== "HEAD") return false;
      response.writeHead(405).end();
      return true;
    };
    expect(await whole()).toEqual(data.subarray(0, 100));
    const array = await openArray(new FetchStore(server.url), { path: "a" });
    await expect(array.get([slice(0, 5)])).rejects.toMatchObject({ code: "STORE_ERROR", key: "/a/c/0/0" });
  });

  test("a shard that changes between index and chunks is not noticed where its new slots fit", async () => {
    let count = 0;
    etags.set("/a/c/0/0", '"0"');
    server.answer = ({ key }) => {
      if (key === "/a/c/0/0" && ++count === 2) {
        writeArray(data.map((each) => each + 1));
        etags.set(key, '"1"');
      }
      return false;
    };
    await whole();
    expect(count).toBe(2);
  });

  test("503 is an error at once", async () => {
    server.answer = ({ response }) => {
      response.writeHead(503).end();
      return true;
    };
    await expect(whole()).rejects.toMatchObject({ code: "STORE_ERROR", key: "/a/zarr.json" });
    expect(server.log).toHaveLength(1);
  });
});
