/** What opfs_pages.mjs has its pages do: they write until they are killed, and look at what another one has left. */

import { type Durability, OpfsStore } from "../../src/browser.js";
import { createArray, openArray } from "../../src/index.js";

const workers: Worker[] = [];
const BrowserWorker = globalThis.Worker;
globalThis.Worker = class extends BrowserWorker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(this);
  }
};

const directory = "opfs-pages";
const unit = 512 * 1024;

/** A value of this generation: its length and each byte tell which it is. */
function valueFor(generation: number): Uint8Array {
  return new Uint8Array(unit * (8 + (generation % 5))).fill(generation & 255);
}

const places = [100, 3_000_000, 6_000_000];
const patchLength = 2_000_000;
const patchedLength = 8_000_000;

async function write(store: OpfsStore, kind: string, generation: number): Promise<void> {
  if (kind === "rewrite") await store.set("/value", valueFor(generation));
  else if (kind === "create") await store.set(`/new/${generation}`, valueFor(generation));
  else {
    const bytes = new Uint8Array(patchLength).fill(generation & 255);
    await store.patch("/patched", { writes: places.map((offset) => ({ offset, bytes })) });
  }
}

/** Writes until the page is killed, and reports every write that is done. */
async function writeForEver(kind: string, durability: Durability, generation: number): Promise<void> {
  const store = await OpfsStore.open(directory, { durability });
  if ((await store.get("/patched")) === undefined) await store.set("/patched", new Uint8Array(patchedLength));
  if ((await store.get("/value")) === undefined) await store.set("/value", valueFor(0));
  for (let next = generation; ; next++) {
    await write(store, kind, next);
    console.log(`done ${next}`);
  }
}

async function entries(path: string): Promise<Map<string, Uint8Array>> {
  let handle = await navigator.storage.getDirectory();
  const found = new Map<string, Uint8Array>();
  try {
    for (const name of path.split("/")) handle = await handle.getDirectoryHandle(name);
  } catch {
    return found;
  }
  for await (const [name, entry] of handle.entries()) {
    if (!(entry instanceof FileSystemFileHandle)) continue;
    try {
      found.set(name, new Uint8Array(await (await entry.getFile()).arrayBuffer()));
    } catch (error) {
      // Journals go while this looks.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return found;
}

function onlyByte(bytes: Uint8Array, what: string): number {
  const [first] = bytes;
  if (first === undefined || bytes.some((byte) => byte !== first)) throw new Error(`${what} is torn`);
  return first;
}

interface Left {
  /** States of the journals that were there before anything was opened. */
  readonly journals: readonly number[];
  /** The generation that the value is of, modulo 256; of new values the highest, or -1. */
  readonly generation: number;
  readonly litter: readonly string[];
}

/** What a killed page has left of writes of this kind. Throws if it is neither old nor new. */
async function look(kind: string): Promise<Left> {
  const journals: number[] = [];
  for (const path of [directory, `${directory}/new`])
    for (const [name, bytes] of await entries(path)) if (name.startsWith("__")) journals.push(bytes[8] ?? -1);
  const store = await OpfsStore.open(directory);
  let generation = -1;
  if (kind === "rewrite") {
    const value = await store.get("/value");
    generation = onlyByte(value!, "the value");
    if (![0, 1, 2, 3, 4].some((part) => value!.byteLength === unit * (8 + part)))
      throw new Error("a length of neither");
  } else if (kind === "create") {
    for await (const key of store.list("/new/")) {
      const number = Number(key.slice("/new/".length));
      const value = await store.get(key);
      if (value?.byteLength !== valueFor(number).byteLength) throw new Error(`${key} has ${value?.byteLength} bytes`);
      if (onlyByte(value, key) !== (number & 255)) throw new Error(`${key} is another value`);
      generation = Math.max(generation, number);
      await store.delete(key);
    }
  } else {
    const value = await store.get("/patched");
    const found = places.map((offset) => onlyByte(value!.subarray(offset, offset + patchLength), "a place"));
    if (value?.byteLength !== patchedLength || new Set(found).size !== 1) throw new Error(`places of ${found}`);
    [generation] = found as [number];
  }
  // A listing finds what was left beside the other values.
  for await (const key of store.list("/")) if (key.includes("__")) throw new Error(`${key} is listed`);
  store.close();
  // All of it is gone when the files are closed.
  let litter: string[] = [];
  for (let attempt = 0; attempt < 50; attempt++) {
    litter = [];
    for (const path of [directory, `${directory}/new`])
      litter.push(...[...(await entries(path)).keys()].filter((name) => name.startsWith("__")));
    if (litter.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { journals, generation, litter };
}

/** Writes every `step`th element from `first` on, one by one, while another page writes the others. */
async function takeTurns(codec: string, first: number, step: number): Promise<void> {
  const array = await openArray<"int32">(await OpfsStore.open(`turns-${codec}`));
  for (let i = first; i < array.shape[0]!; i += step) await array.set([i], i + 1);
}

async function prepareTurns(codec: string): Promise<void> {
  const store = await OpfsStore.open(`turns-${codec}`);
  const options = { shape: [96], shardShape: [96], chunkShape: [8], dataType: "int32" } as const;
  await createArray(store, { ...options, compressors: codec === "none" ? [] : [codec], overwrite: true });
}

async function turnsTaken(codec: string): Promise<number[]> {
  const array = await openArray<"int32">(await OpfsStore.open(`turns-${codec}`));
  return [...(await array.get()).data];
}

/** Fills the quota: what is refused leaves the old values, and nothing beside them. */
async function fillQuota(durability: Durability): Promise<Record<string, unknown>> {
  const path = `quota-${durability}`;
  const store = await OpfsStore.open(path, { durability });
  const old = new Uint8Array(100_000).fill(1);
  await store.set("/old", old);
  await store.set("/small", old.subarray(0, 10));
  const codes: unknown[] = [];
  const attempt = async (body: () => Promise<void>): Promise<void> => {
    try {
      await body();
      codes.push("done");
    } catch (error) {
      codes.push(Reflect.get(Object(error), "code"));
    }
  };
  console.log("limit");
  await new Promise((resolve) => addEventListener("limited", resolve, { once: true }));
  const large = new Uint8Array(8 * 2 ** 20).fill(2);
  await attempt(() => store.set("/old", large));
  await attempt(() => store.set("/new", large));
  await attempt(() =>
    store.patch("/old", { writes: [{ offset: 50_000, bytes: large }], byteLength: 50_000 + large.byteLength }),
  );
  await attempt(() => store.set("/old", old.slice().fill(3)));
  await attempt(() => store.set("/old", old));
  const value = await store.get("/old");
  const isOld = value?.byteLength === old.byteLength && value.every((byte) => byte === 1);
  const isMissing = (await store.get("/new")) === undefined;
  store.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { codes, isOld, isMissing, files: [...(await entries(path)).keys()].sort() };
}

Object.assign(globalThis, {
  opfs: {
    writeForEver,
    look,
    terminate: () => {
      for (const worker of workers) worker.terminate();
    },
    takeTurns,
    prepareTurns,
    turnsTaken,
    fillQuota,
    ready: true,
  },
});
