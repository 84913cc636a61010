/** What every store promises, whatever it keeps its values in. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sliceRange } from "../../src/stores/range.js";
import type { ByteRange, Patch } from "../../src/stores/store.js";
import type { Surface } from "./surface.js";

export interface OpenedSurface {
  readonly surface: Surface;
  close(): void;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const ascending = (length: number) => Uint8Array.from({ length }, (_, index) => index);

/** Plain bytes, whatever class and buffer the store answered with. */
async function read(surface: Surface, key: string, range?: ByteRange): Promise<number[] | undefined> {
  const value = await surface.get(key, range);
  return value === undefined ? undefined : [...value];
}

async function keys(surface: Surface, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const key of surface.list(prefix)) found.push(key);
  return found.sort();
}

async function rejection(body: () => unknown): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}

const ranges: readonly (readonly [ByteRange, readonly number[]])[] = [
  [{ offset: 0, length: 10 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [{ offset: 3, length: 4 }, [3, 4, 5, 6]],
  [{ offset: 3, length: 0 }, []],
  [{ offset: 8, length: 5 }, [8, 9]],
  [{ offset: 10, length: 1 }, []],
  [{ offset: 99, length: 1 }, []],
  [{ offset: Number.MAX_SAFE_INTEGER, length: Number.MAX_SAFE_INTEGER }, []],
  [{ offset: 4, length: Number.MAX_SAFE_INTEGER }, [4, 5, 6, 7, 8, 9]],
  [{ suffixLength: 3 }, [7, 8, 9]],
  [{ suffixLength: 0 }, []],
  [{ suffixLength: 99 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
];

const invalidRanges: readonly ByteRange[] = [
  { offset: -1, length: 1 },
  { offset: 0, length: -1 },
  { offset: 0.5, length: 1 },
  { offset: 0, length: Number.NaN },
  { suffixLength: -1 },
  { suffixLength: Number.POSITIVE_INFINITY },
];

/** No key is a directory of another, which a file system could not hold. */
const propertyKeys = [
  "/zarr.json",
  "/a/zarr.json",
  "/a/c/0/0",
  "/a/c/0/1",
  "/a/c/1/0",
  "/b/c.0.0",
  "/ä ö/%20",
] as const;

type Operation =
  | { readonly kind: "set"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: string }
  | {
      readonly kind: "patch";
      readonly key: string;
      readonly start: number;
      readonly bytes: Uint8Array;
      readonly grow: number;
    };

const key = fc.constantFrom(...propertyKeys);
const content = fc.uint8Array({ maxLength: 40 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("set"), key, value: content }),
  fc.record({ kind: fc.constant("delete"), key }),
  fc.record({
    kind: fc.constant("patch"),
    key,
    start: fc.nat(40),
    bytes: content,
    grow: fc.integer({ min: -8, max: 8 }),
  }),
);
const range: fc.Arbitrary<ByteRange> = fc.oneof(
  fc.record({ offset: fc.nat(50), length: fc.nat(50) }),
  fc.record({ suffixLength: fc.nat(50) }),
);

/** The patch that an operation means for a value of this length: always one that is allowed. */
function patchOf(change: Extract<Operation, { kind: "patch" }>, byteLength: number): Patch {
  const patchedLength = Math.max(0, byteLength + change.grow);
  const offset = Math.min(change.start, patchedLength);
  const part = change.bytes.subarray(0, patchedLength - offset);
  return { writes: [{ offset, bytes: part }], byteLength: patchedLength };
}

function patched(value: Uint8Array, patch: Patch): Uint8Array {
  const result = new Uint8Array(patch.byteLength ?? value.byteLength);
  result.set(value.subarray(0, result.byteLength));
  for (const write of patch.writes) result.set(write.bytes, write.offset);
  return result;
}

export function describeStore(name: string, open: () => OpenedSurface | Promise<OpenedSurface>): void {
  describe(name, () => {
    let opened: OpenedSurface;
    let surface: Surface;
    beforeEach(async () => {
      opened = await open();
      surface = opened.surface;
    });
    afterEach(() => opened.close());

    it("answers undefined for a missing key", async () => {
      await surface.set("/a/c/0", bytes(1));
      for (const missing of ["/x", "/a/x", "/a/c/1", "/a/c/0/1", "/x/y/z"]) {
        expect(await read(surface, missing)).toBe(undefined);
        expect(await read(surface, missing, { offset: 0, length: 1 })).toBe(undefined);
        expect(await read(surface, missing, { suffixLength: 1 })).toBe(undefined);
        expect(await surface.size(missing)).toBe(undefined);
        expect(surface.readInto?.(missing, undefined, new Uint8Array(1))).toBe(undefined);
      }
    });

    it("gives back what was set", async () => {
      await surface.set("/a/c/0", bytes(1, 2, 3));
      expect(await read(surface, "/a/c/0")).toEqual([1, 2, 3]);
      expect(await surface.size("/a/c/0")).toBe(3);
      await surface.set("/a/c/0", bytes(4));
      expect(await read(surface, "/a/c/0")).toEqual([4]);
      expect(await surface.size("/a/c/0")).toBe(1);
    });

    it("answers with a Uint8Array, not a subclass", async () => {
      await surface.set("/a", bytes(1));
      expect((await surface.get("/a"))?.constructor).toBe(Uint8Array);
    });

    it("tells a value of no bytes from a missing one", async () => {
      await surface.set("/empty", bytes());
      expect(await read(surface, "/empty")).toEqual([]);
      expect(await read(surface, "/empty", { suffixLength: 4 })).toEqual([]);
      expect(await surface.size("/empty")).toBe(0);
      if (surface.readInto !== undefined) expect(surface.readInto("/empty", undefined, new Uint8Array(0))).toBe(0);
      expect(await keys(surface, "/")).toEqual(["/empty"]);
    });

    it("stores a view into a larger buffer as the view's bytes", async () => {
      await surface.set("/view", ascending(10).subarray(3, 6));
      expect(await read(surface, "/view")).toEqual([3, 4, 5]);
    });

    it("holds a value larger than one transfer of a pipe or page", async () => {
      const value = Uint8Array.from({ length: 300_007 }, (_, index) => (index * 7) & 255);
      await surface.set("/large", value.slice());
      expect(Buffer.compare(value, (await surface.get("/large")) ?? bytes())).toBe(0);
    });

    it.each(ranges)("reads range %o", async (selected, expected) => {
      await surface.set("/a", ascending(10));
      expect(await read(surface, "/a", selected)).toEqual(expected);
      if (surface.readInto === undefined) return;
      const target = new Uint8Array(expected.length);
      expect(surface.readInto("/a", selected, target)).toBe(expected.length);
      expect([...target]).toEqual(expected);
    });

    it.each(invalidRanges)("refuses range %o", async (selected) => {
      await surface.set("/a", ascending(10));
      expect(await rejection(() => surface.get("/a", selected))).toMatchObject({ code: "INVALID_ARGUMENT" });
    });

    it("reads into a part of a buffer and nothing around it", async () => {
      if (surface.readInto === undefined) return;
      await surface.set("/a", ascending(10));
      const buffer = new Uint8Array(12).fill(255);
      expect(surface.readInto("/a", { offset: 4, length: 3 }, buffer.subarray(2, 8))).toBe(3);
      expect([...buffer]).toEqual([255, 255, 4, 5, 6, 255, 255, 255, 255, 255, 255, 255]);
      expect(surface.readInto("/a", undefined, buffer.subarray(0, 4))).toBe(10);
      expect([...buffer.subarray(4)]).toEqual([6, 255, 255, 255, 255, 255, 255, 255]);
    });

    it("deletes, and does not mind a missing key", async () => {
      await surface.set("/a/c/0", bytes(1));
      await surface.set("/a/c/1", bytes(2));
      await surface.delete("/a/c/0");
      await surface.delete("/a/c/0");
      await surface.delete("/x/y");
      await surface.delete("/a/c/1/0");
      expect(await read(surface, "/a/c/0")).toBe(undefined);
      expect(await keys(surface, "")).toEqual(["/a/c/1"]);
      await surface.set("/a/c/0", bytes(3));
      expect(await read(surface, "/a/c/0")).toEqual([3]);
    });

    it("lists by prefix, which may end within a name", async () => {
      const all = ["/a/c/0/0", "/a/c/0/1", "/a/c/10/0", "/a/zarr.json", "/ab/zarr.json", "/zarr.json"];
      expect(await keys(surface, "/")).toEqual([]);
      for (const name of all) await surface.set(name, bytes(1));
      expect(await keys(surface, "")).toEqual(all);
      expect(await keys(surface, "/")).toEqual(all);
      expect(await keys(surface, "/a")).toEqual(all.slice(0, 5));
      expect(await keys(surface, "/a/")).toEqual(all.slice(0, 4));
      expect(await keys(surface, "/a/c/1")).toEqual(["/a/c/10/0"]);
      expect(await keys(surface, "/a/c/0/1")).toEqual(["/a/c/0/1"]);
      expect(await keys(surface, "/a/c/0/1/")).toEqual([]);
      expect(await keys(surface, "/nothing/here")).toEqual([]);
    });

    it("patches several places, and the length", async () => {
      if (surface.patch === undefined || surface.setRange === undefined) return;
      await surface.set("/a", ascending(6));
      await surface.patch("/a", {
        writes: [
          { offset: 4, bytes: bytes(90, 91) },
          { offset: 0, bytes: bytes(80) },
          { offset: 5, bytes: bytes(70) },
        ],
      });
      expect(await read(surface, "/a")).toEqual([80, 1, 2, 3, 90, 70]);
      await surface.patch("/a", { writes: [{ offset: 8, bytes: bytes(9) }], byteLength: 10 });
      expect(await read(surface, "/a")).toEqual([80, 1, 2, 3, 90, 70, 0, 0, 9, 0]);
      await surface.patch("/a", { writes: [{ offset: 1, bytes: bytes(8) }], byteLength: 3 });
      expect(await read(surface, "/a")).toEqual([80, 8, 2]);
      await surface.patch("/a", { writes: [], byteLength: 5 });
      expect(await read(surface, "/a")).toEqual([80, 8, 2, 0, 0]);
      await surface.setRange("/a", bytes(1, 1), 3);
      expect(await read(surface, "/a")).toEqual([80, 8, 2, 1, 1]);
      await surface.patch("/a", { writes: [{ offset: 5, bytes: bytes() }] });
      expect(await surface.size("/a")).toBe(5);
    });

    it("refuses a patch whole: nothing of it is written", async () => {
      const { patch, setRange } = surface;
      if (patch === undefined || setRange === undefined) return;
      await surface.set("/a", ascending(4));
      const good = { offset: 0, bytes: bytes(99) };
      const refused: readonly Patch[] = [
        { writes: [good, { offset: 3, bytes: bytes(1, 1) }] },
        { writes: [good, { offset: 5, bytes: bytes() }] },
        { writes: [good, { offset: 2, bytes: bytes(1) }], byteLength: 2 },
        { writes: [good, { offset: -1, bytes: bytes(1) }] },
        { writes: [good, { offset: 0.5, bytes: bytes(1) }] },
        { writes: [good], byteLength: -1 },
      ];
      for (const change of refused) {
        expect(await rejection(() => patch("/a", change))).toMatchObject({
          code: expect.stringMatching(/^(STORE_ERROR|INVALID_ARGUMENT)$/),
        });
        expect(await read(surface, "/a")).toEqual([0, 1, 2, 3]);
      }
      expect(await rejection(() => setRange("/a", bytes(1, 1), 3))).toMatchObject({ code: "STORE_ERROR", key: "/a" });
      expect(await rejection(() => setRange("/x", bytes(1), 0))).toMatchObject({ code: "STORE_ERROR", key: "/x" });
      expect(await rejection(() => patch("/x", { writes: [], byteLength: 0 }))).toMatchObject({ code: "STORE_ERROR" });
      expect(await keys(surface, "/")).toEqual(["/a"]);
    });

    it("keeps values apart that were set from one buffer", async () => {
      const { setRange } = surface;
      if (setRange === undefined) return;
      const shared = ascending(4);
      await surface.set("/a", shared);
      await surface.set("/b", shared);
      await surface.set("/c", shared.subarray(1, 3));
      await setRange("/a", bytes(90), 1);
      await setRange("/b", bytes(80), 2);
      expect(await read(surface, "/a")).toEqual([0, 90, 2, 3]);
      expect(await read(surface, "/b")).toEqual([0, 1, 80, 3]);
      expect(await read(surface, "/c")).toEqual([1, 2]);
      await surface.set("/d", (await surface.get("/a", { offset: 0, length: 2 })) ?? bytes());
      await setRange("/a", bytes(70), 1);
      expect(await read(surface, "/d")).toEqual([0, 90]);
    });

    it("behaves like a Map under random operations", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 30 }), range, async (operations, selected) => {
          const fresh = await open();
          try {
            const model = new Map<string, Uint8Array>();
            for (const step of operations) {
              const value = model.get(step.key);
              if (step.kind === "set") {
                await fresh.surface.set(step.key, step.value.slice());
                model.set(step.key, step.value);
              } else if (step.kind === "delete") {
                await fresh.surface.delete(step.key);
                model.delete(step.key);
              } else if (value !== undefined && fresh.surface.patch !== undefined) {
                const patch = patchOf(step, value.byteLength);
                await fresh.surface.patch(step.key, patch);
                model.set(step.key, patched(value, patch));
              }
            }
            for (const name of propertyKeys) {
              const expected = model.get(name);
              expect(await read(fresh.surface, name)).toEqual(expected && [...expected]);
              expect(await fresh.surface.size(name)).toBe(expected?.byteLength);
              expect(await read(fresh.surface, name, selected)).toEqual(
                expected && [...sliceRange(expected, selected)],
              );
            }
            expect(await keys(fresh.surface, "/")).toEqual([...model.keys()].sort());
          } finally {
            fresh.close();
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
