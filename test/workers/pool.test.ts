/** The pool by itself: lanes, workers that die or never answer, and programs that end. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { configure, createArraySync, init, MemoryStore, openArraySync, type ZarrArray } from "../../src/index.js";
import { resolveMaxWorkers } from "../../src/pipeline/max_workers.js";
import { availableParallelism } from "../../src/platform.js";
import { currentPool, useWorkers } from "../../src/workers/current.js";
import type { Pool, Task } from "../../src/workers/pool.js";
import { nodeWorkers } from "../../src/workers/worker_port.js";
import { startPool, stopPool, testWorker, untilReady } from "./support.js";

beforeAll(() => init());
afterEach(stopPool);

/** A task for `gated.mjs`, which notes how it ended. */
class GatedTask implements Task {
  readonly byteLength = 16;
  readonly cost = 0;
  readonly ends: ("done" | "lost")[] = [];
  /** The worker has begun; it may go on; it shall write into shared memory; it has got through. */
  #words: Int32Array = new Int32Array(4);
  readonly #writes: boolean;

  constructor(writes = false) {
    this.#writes = writes;
  }

  get isThrough(): boolean {
    return this.#words[3] === 1;
  }

  write(buffer: SharedArrayBuffer): void {
    this.#words = new Int32Array(buffer);
    this.#words.set([0, 0, this.#writes ? 1 : 0, 0]);
  }

  finish(buffer: SharedArrayBuffer | undefined): void {
    this.ends.push(buffer === undefined ? "lost" : "done");
  }

  waitUntilBegun(): void {
    while (Atomics.load(this.#words, 0) === 0);
  }

  open(): void {
    Atomics.store(this.#words, 1, 1);
    Atomics.notify(this.#words, 1);
  }
}

function waitUntilEnded(pool: Pool, task: GatedTask): void {
  for (;;) {
    const seen = pool.signal;
    pool.collect();
    if (task.ends.length > 0) return;
    pool.wait(seen);
  }
}

describe("lanes", () => {
  test("what has not begun can be taken back, what is done is finished once", async () => {
    const pool = await startPool(1, testWorker("gated.mjs"));
    const [first, second] = [new GatedTask(), new GatedTask()];
    pool.lanes[0]!.publish(first);
    first.waitUntilBegun();
    pool.lanes[0]!.publish(second);
    expect(pool.lanes[0]!.load).toBe(2);
    expect(pool.takeBack((task) => task === first)).toBeUndefined();
    expect(pool.takeBack((task) => task === second)).toBe(second);
    first.open();
    waitUntilEnded(pool, first);
    pool.collect();
    expect([first.ends, second.ends]).toEqual([["done"], []]);
    expect(first.isThrough).toBe(true);
    expect(pool.lanes[0]!.load).toBe(0);
  });

  test("the event loop turns while a worker is awaited", async () => {
    const pool = await startPool(1, testWorker("gated.mjs"));
    const task = new GatedTask();
    const seen = pool.signal;
    pool.lanes[0]!.publish(task);
    setImmediate(() => task.open());
    await pool.waitAsync(seen);
    pool.collect();
    expect(task.ends).toEqual(["done"]);
  });

  test.each([false, true])("a worker that is overdue loses its tasks (while it writes: %s)", async (writes) => {
    const pool = await startPool(1, testWorker("gated.mjs"), { milliseconds: 0, factor: 0 });
    const [begun, waiting] = [new GatedTask(writes), new GatedTask()];
    pool.lanes[0]!.publish(begun);
    begun.waitUntilBegun();
    pool.lanes[0]!.publish(waiting);
    waitUntilEnded(pool, begun);
    expect([begun.ends, waiting.ends]).toEqual([["lost"], ["lost"]]);
    expect(pool.lanes).toEqual([]);
    begun.open();
    expect(begun.ends).toEqual(["lost"]);
  });

  test("a pool that is closed loses its tasks", async () => {
    const pool = await startPool(2, testWorker("gated.mjs"));
    const task = new GatedTask();
    pool.lanes[1]!.publish(task);
    pool.close();
    expect(task.ends).toEqual(["lost"]);
    pool.grow(1);
    expect(pool.lanes).toEqual([]);
  });
});

/** Noise compresses slowly: 8 chunks of 64 KiB take some tens of milliseconds. */
const noise = Uint8Array.from({ length: 8 * 65536 }, (_, i) => (Math.imul(i, 2654435761) >>> 15) & 255);

function newArray(store: MemoryStore, maxWorkers: number): ZarrArray<"uint8"> {
  const shape = [noise.length];
  return createArraySync(store, { shape, chunkShape: [65536], dataType: "uint8", compressors: ["gzip"], maxWorkers });
}

/** Writes noise with the pool until its workers are lost: on a busy machine they may be too late for the first writes. */
function writeUntilLost(pool: Pool): MemoryStore {
  const store = new MemoryStore();
  const array = newArray(store, 2);
  while (pool.lanes.length > 0) array.setSync(null, noise);
  return store;
}

function expectNoise(store: MemoryStore): void {
  const { data } = openArraySync(store, { maxWorkers: 1 }).getSync();
  expect(Buffer.from(data as Uint8Array).equals(noise)).toBe(true);
}

describe("workers that fail", () => {
  test("in the middle of a task: the calling thread does it, and others take their place, a few times", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const pool = await startPool(1, testWorker("crashing.mjs"));
    for (const others of [1, 1, 0]) {
      expect(warning).not.toHaveBeenCalled();
      expectNoise(writeUntilLost(pool));
      pool.grow(1);
      expect(pool.lanes).toHaveLength(others);
      await untilReady(pool, others);
    }
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
  });

  test("without a word: the calling thread does their tasks when they are overdue", async () => {
    const pool = await startPool(1, testWorker("hanging.mjs"), { milliseconds: 0, factor: 0 });
    expectNoise(writeUntilLost(pool));
  });

  test("in an asynchronous call", async () => {
    const pool = await startPool(1, testWorker("crashing.mjs"));
    const store = new MemoryStore();
    newArray(store, 1);
    const array = openArraySync<"uint8">(store, { maxWorkers: 2, pipeline: "batched" });
    while (pool.lanes.length > 0) await array.set(null, noise);
    expectNoise(store);
  });

  test("before they are ready: a warning, and no more are started", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    useWorkers(nodeWorkers(testWorker("absent.mjs")));
    const pool = currentPool()!;
    pool.grow(2);
    while (pool.lanes.length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(warning.mock.calls.map(([message]) => message)).toContainEqual(
      expect.stringMatching(/workers fail.*not today/),
    );
    pool.grow(2);
    expect(pool.lanes).toEqual([]);
    warning.mockRestore();
  });
});

describe("maxWorkers", () => {
  test("a call's before its array's, before what is configured, before the default", () => {
    try {
      configure({ codecPipeline: { maxWorkers: 5 } });
      expect([resolveMaxWorkers(0, 3), resolveMaxWorkers(undefined, 3)]).toEqual([0, 3]);
      expect(resolveMaxWorkers(undefined, undefined)).toBe(5);
      configure({});
      configure({ codecPipeline: {} });
      expect(resolveMaxWorkers(undefined, undefined)).toBe(5);
      configure({ codecPipeline: { maxWorkers: undefined } });
      expect(resolveMaxWorkers(undefined, undefined)).toBe(availableParallelism());
    } finally {
      configure({ codecPipeline: { maxWorkers: 1 } });
    }
  });

  test.each([-1, 1.5, Number.NaN, "4", null])("%s gives a warning and the default", (value) => {
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const maxWorkers = value as number;
    configure({ codecPipeline: { maxWorkers } });
    expect(resolveMaxWorkers(undefined, undefined)).toBe(availableParallelism());
    configure({ codecPipeline: { maxWorkers: 1 } });
    const array = newArray(new MemoryStore(), maxWorkers);
    array.setSync(null, 1, { maxWorkers });
    array.getSync(null, { maxWorkers });
    const messages = warning.mock.calls.map(([message]) => message);
    warning.mockRestore();
    expect(messages.length).toBeGreaterThanOrEqual(4);
    expect(new Set(messages)).toEqual(
      new Set([`syncodec: maxWorkers must be a whole number from 0, not ${value}: the default is used`]),
    );
  });

  test("one thread starts no worker", () => {
    useWorkers(() => {
      throw new Error("a worker was started");
    });
    for (const maxWorkers of [0, 1]) newArray(new MemoryStore(), maxWorkers).setSync(null, noise);
  });
});

/** Runs a module that has the package's exports, an array on two threads and noise for it; resolves to what it prints. */
async function runProgram(body: string): Promise<string> {
  const text = `
    import { createArraySync, init, MemoryStore, openArraySync } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
    await init();
    const noise = Uint8Array.from({ length: 8 * 65536 }, (_, i) => (Math.imul(i, 2654435761) >>> 15) & 255);
    const store = new MemoryStore();
    const options = { shape: [noise.length], chunkShape: [65536], dataType: "uint8", compressors: ["gzip"], maxWorkers: 2 };
    const array = createArraySync(store, { ...options, pipeline: "batched" });
    for (let n = 0; n < 4; n++) array.setSync(null, noise);
    ${body}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", text]);
  return stdout;
}

describe("a program that has used workers", () => {
  test("ends by itself", async () => {
    expect(await runProgram(`console.log(array.getSync().data.join() === noise.join());`)).toBe("true\n");
  });

  test("ends when an asynchronous call is done, not before", async () => {
    const body = `
      await new Promise((resolve) => setTimeout(resolve, 100));
      void Promise.all([array.get(), array.get()]).then(([{ data }]) => console.log(data.length));`;
    expect(await runProgram(body)).toBe("524288\n");
  });

  test("ends at once when it says so, in the middle of their work", async () => {
    const body = `
      process.on("exit", () => console.log("end"));
      setImmediate(() => process.exit(0));
      for (;;) await array.set(null, noise);`;
    expect(await runProgram(body)).toBe("end\n");
  });
});
