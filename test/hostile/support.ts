/**
 * What every row of hostile bytes must do, on every kind of store and driver: a typed error that says what was wrong and where, for each way of
 * reading and writing; nothing stored; nothing written beside the elements of a caller's `out`; and the next call on the same array works.
 *
 * The elements of `out` themselves may have been written, some or all of them: a call that throws gives no result.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import {
  type Chunk,
  type CreateArrayOptions,
  createArraySync,
  type DataOf,
  type ErrorCode,
  LatencyStore,
  MemoryStore,
  openArray,
  type RuntimeOptions,
  type Selection,
  type Store,
  SyncodecError,
  type SyncStore,
  slice,
  type ZarrArray,
} from "../../src/index.js";
import { LocalStore } from "../../src/node.js";

const folder = mkdtempSync(join(tmpdir(), "syncodec-hostile-"));
const localStores: LocalStore[] = [];
afterAll(() => {
  for (const store of localStores) store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** How an array is opened and called. `below` is where its bytes are. */
interface Way {
  readonly name: string;
  readonly isAsync: boolean;
  readonly runtime: RuntimeOptions;
  newStore(): { readonly store: Store; readonly below: SyncStore };
}

function inMemory(name: string, runtime: RuntimeOptions, isAsync: boolean): Way {
  const newStore = (): ReturnType<Way["newStore"]> => {
    const below = new MemoryStore();
    return { store: below, below };
  };
  return { name, isAsync, runtime, newStore };
}

const ways: readonly Way[] = [
  inMemory("MemoryStore", {}, false),
  inMemory("MemoryStore, rewriting", { patch: false }, false),
  inMemory("MemoryStore, batched", { pipeline: "batched" }, true),
  {
    name: "Map",
    isAsync: false,
    runtime: {},
    newStore() {
      const store = new Map<string, Uint8Array>();
      const below: SyncStore = {
        getSync: (key) => store.get(key),
        setSync: (key, value) => void store.set(key, value),
        deleteSync: (key) => void store.delete(key),
      };
      return { store, below };
    },
  },
  {
    name: "LatencyStore",
    isAsync: true,
    runtime: {},
    newStore() {
      const below = new MemoryStore();
      return { store: new LatencyStore(below), below };
    },
  },
  {
    name: "LocalStore",
    isAsync: false,
    runtime: {},
    newStore() {
      const store = new LocalStore(join(folder, `${localStores.length}`), { durability: "none" });
      localStores.push(store);
      return { store, below: store };
    },
  },
];

/** The key whose value is hostile: the first four of eight elements. */
export const hostileKey = "/a/c/0";

type RowType = "uint8" | "uint16" | "string" | "bytes";

/** An array of eight elements in two stored chunks; shards, if it has them, of two inner chunks. */
export type RowOptions = Omit<Partial<CreateArrayOptions>, "shape" | "path" | "dataType"> & {
  readonly dataType?: RowType;
};

/** Arrays of the elements that stand for small numbers. */
const arrays: Readonly<Record<RowType, (numbers: readonly number[]) => DataOf<RowType>>> = {
  uint8: (numbers) => Uint8Array.from(numbers),
  uint16: (numbers) => Uint16Array.from(numbers),
  string: (numbers) => numbers.map(String),
  bytes: (numbers) => numbers.map((number) => Uint8Array.of(number)),
};

export interface Refusal {
  readonly code: ErrorCode | readonly ErrorCode[];
  /** What the error must say besides. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Calls that need not be refused, because they do not look at what is wrong. */
  readonly mayPass?: readonly CallName[];
}

export type CallName =
  | "whole read"
  | "partial read"
  | "one element"
  | "read into out"
  | "partial write"
  | "write elsewhere";

interface Opened {
  readonly array: ZarrArray<RowType>;
  readonly dataType: RowType;
  readonly way: Way;
  readonly below: SyncStore;
}

async function get({ array, way }: Opened, selection: Selection, out?: Chunk<RowType>): Promise<unknown> {
  const options = out === undefined ? {} : { out };
  return way.isAsync ? await array.get(selection, options) : array.getSync(selection, options);
}

async function set({ array, dataType, way }: Opened, selection: Selection, number: number): Promise<void> {
  const value = arrays[dataType]([number])[0]!;
  if (way.isAsync) await array.set(selection, value);
  else array.setSync(selection, value);
}

/** Reads into every second element of an array of other elements, of which the rest must stay. */
async function readIntoOut(opened: Opened): Promise<void> {
  const make = arrays[opened.dataType];
  const data = make(Array<number>(17).fill(0x5a));
  // A JavaScript array has no part that is one itself.
  const [out, first] = Array.isArray(data) ? [data, 1] : [data.subarray(1), 0];
  try {
    await get(opened, null, { data: out, shape: [8], stride: [2] });
  } finally {
    const between = [...data].filter((_, i) => i % 2 === first);
    expect(between, "what lies between the elements of out").toEqual([...make(Array(between.length).fill(0x5a))]);
  }
}

/** Everything that can be done with elements 0 to 3; 2 and 3 are those of inner chunk 1. */
const calls: readonly (readonly [CallName, (opened: Opened) => Promise<unknown>])[] = [
  ["whole read", (opened) => get(opened, null)],
  ["partial read", (opened) => get(opened, [slice(2, 4)])],
  ["one element", (opened) => get(opened, [3])],
  ["read into out", readIntoOut],
  ["partial write", (opened) => set(opened, [3], 7)],
  ["write elsewhere", (opened) => set(opened, [slice(0, 2)], 7)],
];

async function errorOf(body: Promise<unknown>): Promise<unknown> {
  try {
    await body;
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectRefusal(error: unknown, { code, details = {} }: Refusal, what: string): void {
  expect(error, what).toBeInstanceOf(SyncodecError);
  if (!(error instanceof SyncodecError)) return;
  expect(Array.isArray(code) ? code : [code], `${what}: ${error.message}`).toContain(error.code);
  expect(error, what).toMatchObject({ key: hostileKey, ...details });
  expect(error.message).toContain(`key ${hostileKey}`);
  for (let { cause } = error; cause instanceof Error; { cause } = cause)
    expect(cause).not.toBeInstanceOf(WebAssembly.RuntimeError);
}

/** Stores `value` for the first four elements of an array, and asserts that it is refused in every way. */
export async function expectRefused(options: RowOptions, value: Uint8Array, refusal: Refusal): Promise<void> {
  for (const way of ways) {
    const { store, below } = way.newStore();
    const dataType = options.dataType ?? "uint8";
    const make = arrays[dataType];
    const created = { path: "a", shape: [8], chunkShape: [4], fillValue: make([99])[0]!, ...options, dataType };
    const good = make([11, 12, 13, 14, 15, 16, 17, 18]);
    createArraySync<RowType>(below, created).setSync(null, good);
    const stored = below.getSync(hostileKey)!.slice();
    const array = await openArray<RowType>(store, { path: "a", ...way.runtime });
    const opened: Opened = { array, dataType, way, below };
    for (const [name, call] of calls) {
      const what = `${name} in ${way.name}`;
      below.setSync(hostileKey, value.slice());
      const error = await errorOf(call(opened));
      if (error !== undefined || !refusal.mayPass?.includes(name)) {
        expectRefusal(error, refusal, what);
        expect(Buffer.compare(below.getSync(hostileKey)!, value), `what is stored after a ${what}`).toBe(0);
      }
      // The next call works: on other elements, and on these once they are good.
      expect(await get(opened, [slice(4, 8)]), `the next call after a ${what}`).toMatchObject({ data: good.slice(4) });
      below.setSync(hostileKey, stored.slice());
      expect(await get(opened, null), `the same call after a ${what}`).toMatchObject({ data: good });
    }
  }
}
