/** `HttpSyncStore` against a server that answers in several manners. */

import { describe, expect, test } from "vitest";
import { HttpSyncStore } from "../../src/browser.js";
import type { ByteRange } from "../../src/stores/store.js";

const storeOf = (manner: string): HttpSyncStore => new HttpSyncStore(`/values/${manner}/`);
const bytes = (...values: number[]) => Uint8Array.from(values);

const ranges: readonly (readonly [ByteRange, readonly number[]])[] = [
  [{ offset: 0, length: 10 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [{ offset: 3, length: 2 }, [3, 4]],
  [{ offset: 3, length: 0 }, []],
  [{ offset: 8, length: 5 }, [8, 9]],
  [{ offset: 10, length: 1 }, []],
  [{ offset: 4, length: Number.MAX_SAFE_INTEGER }, [4, 5, 6, 7, 8, 9]],
  [{ suffixLength: 3 }, [7, 8, 9]],
  [{ suffixLength: 0 }, []],
  [{ suffixLength: 99 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
];

describe.each(["well", "without-ranges"])("a server that answers %s", (manner) => {
  const store = storeOf(manner);

  test.each(ranges)("range %o", (range, expected) => {
    expect(store.getSync("/ten", range)).toEqual(bytes(...expected));
  });

  test("whole values and sizes", () => {
    expect(store.getSync("/ten")).toHaveLength(10);
    expect(store.getSync("/empty")).toEqual(bytes());
    expect(store.getSync("/empty", { suffixLength: 4 })).toEqual(bytes());
    expect([store.sizeSync("/ten"), store.sizeSync("/empty")]).toEqual([10, 0]);
    expect(store.getSync("/ä %?")).toEqual(bytes(7));
  });

  test("what is missing", () => {
    expect(store.getSync("/none")).toBe(undefined);
    expect(store.getSync("/none", { offset: 0, length: 1 })).toBe(undefined);
    expect(store.getSync("/none", { suffixLength: 0 })).toBe(undefined);
    expect(store.sizeSync("/none")).toBe(undefined);
  });
});

const storeError = expect.objectContaining({ name: "RuntimeError", code: "STORE_ERROR", key: "/ten" });

test("a server that does not know the size is believed where the offset is right", () => {
  expect(storeOf("without-size").getSync("/ten", { offset: 2, length: 3 })).toEqual(bytes(2, 3, 4));
  expect(() => storeOf("without-size").getSync("/ten", { suffixLength: 3 })).toThrow(storeError);
});

test.each(["without-header", "short", "elsewhere", "down"])("a server that answers %s is an error", (manner) => {
  expect(() => storeOf(manner).getSync("/ten", { offset: 2, length: 3 })).toThrow(storeError);
});

test("a server that is not there is an error", () => {
  expect(() => new HttpSyncStore("http://127.0.0.1:1").getSync("/ten")).toThrow(storeError);
});

test("headers are sent", () => {
  const store = new HttpSyncStore(new URL("/values/tells-headers", location.href), { headers: { "X-Test": "here" } });
  expect(new TextDecoder().decode(store.getSync("/ten"))).toBe("here");
});

test("refuses keys that lead elsewhere, wrong ranges, and writes", () => {
  const store = storeOf("well");
  expect(() => store.getSync("/../well/ten")).toThrow(expect.objectContaining({ code: "INVALID_PATH" }));
  expect(() => store.getSync("/ten", { offset: -1, length: 1 })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
  expect(() => store.setSync("/ten")).toThrow(storeError);
  expect(() => store.deleteSync("/ten")).toThrow(storeError);
});
