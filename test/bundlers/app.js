/** What a page does with the package: arrays of several codecs are written, opened and read, and the synchronous calls said what they lack. */

import { createArray, init, MemoryStore, openArray, openArraySync, slice } from "syncodec";

const length = 1000;
const ascending = Int32Array.from({ length }, (_, i) => i);

/** A store as of a page: it has nothing but asynchronous reads. */
class FetchLikeStore {
  #store;

  constructor(store) {
    this.#store = store;
  }

  async get(key) {
    return this.#store.getSync(key);
  }

  async getRange(key, range) {
    return this.#store.getSync(key, range);
  }
}

function codeOf(body) {
  try {
    body();
    return "no error";
  } catch (error) {
    return error.code;
  }
}

async function roundTrip(store, name, options) {
  const path = `/${name}`;
  const array = await createArray(store, { path, shape: [length], chunkShape: [100], dataType: "int32", ...options });
  await array.set(null, ascending);
  await array.set([slice(10, 20)], 7);
  const { data } = await (await openArray(new FetchLikeStore(store), { path })).get();
  const expected = ascending.map((value, i) => (i >= 10 && i < 20 ? 7 : value));
  return data.length === length && expected.every((value, i) => data[i] === value);
}

async function run() {
  const store = new MemoryStore();
  const results = { plain: await roundTrip(store, "plain", { compressors: ["crc32c"] }) };
  results.unknown = await openArray(store, { path: "/none" }).catch((error) => error.code);
  for (const name of ["zstd", "gzip", "blosc"]) {
    results[name] = await roundTrip(store, name, { shardShape: [500], compressors: [name] });
  }
  results.v2 = await roundTrip(store, "v2", { zarrFormat: 2, compressors: ["zlib"] });
  results.lz4 = codeOf(() => openArraySync(lz4Store()));
  await init();
  results.lz4AfterInit = codeOf(() => openArraySync(lz4Store()));
  results.sync = openArraySync(store, { path: "/blosc" }).getSync([15]);
  return results;
}

/** An array whose codec nothing above has loaded. */
function lz4Store() {
  const store = new MemoryStore();
  const document = {
    zarr_format: 3,
    node_type: "array",
    shape: [4],
    data_type: "uint8",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [4] } },
    chunk_key_encoding: { name: "default" },
    fill_value: 0,
    codecs: [{ name: "bytes" }, { name: "numcodecs.lz4", configuration: { acceleration: 1 } }],
  };
  store.setSync("/zarr.json", new TextEncoder().encode(JSON.stringify(document)));
  return store;
}

globalThis.results = run().catch((error) => ({ code: error.code, message: error.message }));
