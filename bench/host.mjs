/** What the hosts share: stores in memory, what the data of a case is kept in, kernels on a memory of their own. */

/** Counts the requests that go through a store. */
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

/** Openers of the stores that every host has. */
function memoryOpeners({ MemoryStore, LatencyStore }) {
  return {
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
  };
}

/** `newKernels` gives the kernels of all modules, on a memory of their own. */
export const kernelsMaker = (memory, kernelModules) => () => {
  const own = new memory.Memory();
  return Object.assign({}, ...kernelModules.map((module) => own.kernelsOf(module)), own.kernels);
};

/**
 * A host but for what its environment has.
 *
 * @param syncodec the module `syncodec`
 * @param internals `{ memory, shardLayout }`: modules of wasm/; `newKernels` of {@link kernelsMaker}; and fflate
 * @param peers by name, `{ module }` or `{ reason }`
 * @param python stands for the peers in Python
 * @param workers `{ reason }` if syncodec cannot start workers here
 * @param openers of stores besides those in memory
 */
export function commonHost({ syncodec, internals, peers, python, workers = {}, openers = {} }) {
  let remembered = { key: undefined, value: undefined };
  const stores = { ...memoryOpeners(syncodec), ...openers };
  return {
    syncodec,
    internals,
    python,
    workers,
    now: () => performance.now(),
    open: (kind, options) => stores[kind](options),
    peer: (name) => peers[name] ?? { reason: `no peer is called ${name}` },
    /** The value of `make`, kept until another key is asked for: many cases in a row have the same data. */
    remember(key, make) {
      if (remembered.key !== key) remembered = { key, value: make() };
      return remembered.value;
    },
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** Stands in for the peers in Python where there are none. */
export function withoutPython(reason) {
  return {
    versions: {},
    measure: async ({ peers }) => ({ results: [], missing: peers.map((name) => ({ name, reason })) }),
    close() {},
  };
}
