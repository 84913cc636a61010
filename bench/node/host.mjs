/** What the cases need of Node: stores in fresh directories, the clock, the library, the peers. */

import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Counts the requests that go through a store, and those in flight at once. */
class CountingStore {
  #store;
  #count = 0;

  constructor(store) {
    this.#store = store;
  }

  get requests() {
    return {
      reset: () => {
        this.#count = 0;
      },
      count: () => this.#count,
    };
  }

  get(key, options) {
    this.#count++;
    return this.#store.get(key, options);
  }

  getRange(key, range, options) {
    this.#count++;
    return this.#store.getRange(key, range, options);
  }
}

const latency = { getMs: 10 };

/**
 * @param syncodec the module `syncodec`, with `LocalStore`
 * @param internals `{ memory, shardLayout }`: modules of wasm/; and `newKernels()`: the kernels of all modules, on a memory of their own
 * @param peers by name, `{ module }` or `{ reason }`
 */
export async function createHost({ syncodec, internals, peers, python }) {
  const folder = mkdtempSync(join(process.env.BENCH_TMP ?? tmpdir(), "syncodec-bench-"));
  let places = 0;
  let remembered = { key: undefined, value: undefined };
  const { MemoryStore, LatencyStore, LocalStore } = syncodec;
  const fileSystemStore = peers.zarrita?.fileSystemStore;

  const newFolder = () => {
    const path = join(folder, String(places++));
    mkdirSync(path);
    return path;
  };
  const removeFolder = (path) => rmSync(path, { recursive: true, force: true });

  const openers = {
    memory() {
      const store = new MemoryStore();
      return { store, peerStore: store, content: store, remove() {} };
    },
    /** Both engines wait as long, and every request counts. */
    latency() {
      const content = new MemoryStore();
      const store = new CountingStore(new LatencyStore(content, latency));
      return { store, peerStore: store, content, requests: store.requests, remove() {} };
    },
    local(options) {
      const path = newFolder();
      const store = new LocalStore(path, options);
      const peerStore = fileSystemStore && new fileSystemStore(path);
      return {
        store,
        peerStore,
        content: store,
        path,
        /** A value of zeros up to `end`, then `bytes`; the zeros take no space on the disk. */
        writeSparse(key, end, bytes) {
          const file = join(path, key);
          mkdirSync(dirname(file), { recursive: true });
          const descriptor = openSync(file, "w");
          ftruncateSync(descriptor, end);
          writeSync(descriptor, bytes, 0, bytes.byteLength, end);
          closeSync(descriptor);
        },
        remove() {
          store.close();
          removeFolder(path);
        },
      };
    },
  };

  return {
    syncodec,
    internals,
    python,
    now: () => performance.now(),
    open: (kind, options) => openers[kind](options),
    peer: (name) => peers[name] ?? { reason: `no peer is called ${name}` },
    newFolder,
    removeFolder,
    /** A directory that holds what the place holds, and its removal. */
    export(place) {
      if (place.path !== undefined) return { path: place.path, remove() {} };
      const path = newFolder();
      for (const key of place.content.listSync("/")) {
        const file = join(path, key);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, place.content.getSync(key));
      }
      return { path, remove: () => removeFolder(path) };
    },
    /** The value of `make`, kept until another key is asked for: many cases in a row have the same data. */
    remember(key, make) {
      if (remembered.key !== key) remembered = { key, value: make() };
      return remembered.value;
    },
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    close: () => removeFolder(folder),
  };
}
