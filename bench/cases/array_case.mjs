/**
 * Cases that read or write an array in a store: one description, which is JSON, for syncodec, for the peers in JavaScript and for those in
 * Python.
 */

import { expectEqual, generate, product, select, typedArrays } from "./data.mjs";

/** The compressors of an array by the name that stands in a case's id. */
export const compressors = {
  none: [],
  crc32c: [{ name: "crc32c" }],
  gzip: [{ name: "gzip", configuration: { level: 5 } }],
  // Level 0 would be 3 to libzstd, and to those who hand it on, but 1 to numcodecs.js, which zarrita encodes with.
  zstd: [{ name: "zstd", configuration: { level: 3, checksum: false } }],
};

const pythonPeers = ["zarr-python batched", "zarr-python fused", "zarrs", "tensorstore"];

/** A selection as syncodec and zarrita take it. */
function selectionFor(library, selection) {
  return selection?.map((entry) => (Array.isArray(entry) ? library.slice(...entry) : entry)) ?? null;
}

/** What a read returns, as elements. */
function elementsOf(result, Elements) {
  return typeof result === "number" ? Elements.of(result) : result.data;
}

function shapeOf(shape, selection) {
  if (selection === null) return shape;
  return selection.flatMap((entry, axis) => {
    if (typeof entry === "number") return [];
    return entry === null ? [shape[axis]] : [Math.ceil((entry[1] - entry[0]) / entry[2])];
  });
}

/** One selection per chunk of `chunkShape`. */
function chunkSelections(shape, chunkShape) {
  const grid = shape.map((length, axis) => Math.ceil(length / chunkShape[axis]));
  return Array.from({ length: product(grid) }, (_, number) => {
    let rest = number;
    const selection = [];
    for (let axis = grid.length - 1; axis >= 0; axis--) {
      const start = (rest % grid[axis]) * chunkShape[axis];
      selection.unshift([start, Math.min(start + chunkShape[axis], shape[axis]), 1]);
      rest = Math.floor(rest / grid[axis]);
    }
    return selection;
  });
}

function createOptions({ shape, chunkShape, shardShape, dataType, codec }) {
  return {
    shape,
    chunkShape,
    ...(shardShape && { shardShape }),
    dataType,
    compressors: compressors[codec],
    // Every engine writes its chunks here, also those that it need not.
    writeEmptyChunks: true,
    overwrite: true,
  };
}

/** What zarrita 0.7.5 cannot do of a case, if anything. */
function zarritaLimit({ operation, array }) {
  if (operation === "read" || operation === "readChunks") return undefined;
  if (array.shardShape !== undefined) return "zarrita writes no shards";
  return array.codec === "gzip" || array.codec === "crc32c" ? `zarrita writes no ${array.codec}` : undefined;
}

function fizarritaLimit({ array }) {
  return array.shardShape === undefined ? undefined : "fizarrita reads no shards";
}

/** The stores of one case, removed together. */
class Places {
  #host;
  #spec;
  #open = [];

  constructor(host, spec) {
    this.#host = host;
    this.#spec = spec;
  }

  /** A place with the array's metadata, and with `data` in it if there is some. */
  async create(data) {
    const { syncodec } = this.#host;
    const place = await this.#host.open(this.#spec.store, this.#spec.storeOptions);
    this.#open.push(place);
    const array = syncodec.createArraySync(place.content, createOptions(this.#spec.array));
    if (data !== undefined) array.setSync(null, data);
    return place;
  }

  async remove(place) {
    this.#open.splice(this.#open.indexOf(place), 1);
    await place.remove();
  }

  async removeAll() {
    for (const place of this.#open.splice(0)) await place.remove();
  }
}

/** How one engine opens the array of a place, reads and writes. */
function engines(host, spec) {
  const { syncodec } = host;
  const options = {
    ...(spec.index === "cold" && { indexCacheBytes: 0 }),
    ...(spec.threads === 1 && { maxWorkers: 0 }),
  };
  const isRemote = spec.store === "latency";
  const zarrita = host.peer("zarrita").module;
  return {
    syncodec: {
      open: ({ store }) => (isRemote ? syncodec.openArray(store, options) : syncodec.openArraySync(store, options)),
      read: isRemote
        ? (array, selection, into) => array.get(selection, into)
        : (array, selection, into) => array.getSync(selection, into),
      write: (array, selection, value) => array.setSync(selection, value),
      selection: (selection) => selectionFor(syncodec, selection),
      value: (value) => value,
    },
    zarrita: zarrita && {
      open: ({ peerStore }) => zarrita.open.v3(zarrita.root(peerStore), { kind: "array" }),
      read: (array, selection) => zarrita.get(array, selection),
      write: (array, selection, value) => zarrita.set(array, selection, value),
      selection: (selection) => selectionFor(zarrita, selection),
      value: (value, shape) => {
        if (typeof value === "number") return value;
        return { data: value, shape, stride: shape.map((_, axis) => product(shape.slice(axis + 1))) };
      },
    },
  };
}

/** Contestants of one engine that read. `isFresh` opens the array anew before each call. */
async function reader({ name, engine, place, spec, expected, into, isFresh }) {
  const selection = engine.selection(spec.selection);
  let array = await engine.open(place);
  const run = () => engine.read(array, selection, into);
  const before = async () => {
    array = await engine.open(place);
  };
  return {
    name,
    run,
    ...(isFresh && { before }),
    async verify() {
      // What is counted are the requests of a call like those that are timed.
      if (isFresh) await before();
      else if (place.requests !== undefined) await run();
      into?.out?.fill(0);
      place.requests?.reset();
      expectEqual(elementsOf(await run(), typedArrays[spec.array.dataType]), expected, name);
      return place.requests === undefined ? {} : { requests: place.requests.count() };
    },
  };
}

async function readContestants(host, spec, places, data) {
  const expected = select(data, spec.array.shape, spec.selection);
  const place = await places.create(data);
  const isCold = spec.index === "cold";
  const own = engines(host, spec);
  const isFresh = spec.index === "fresh";
  const common = { place, spec, expected };
  const contestants = [];
  if (spec.out) {
    const into = { out: new typedArrays[spec.array.dataType](expected.length) };
    contestants.push(await reader({ ...common, name: "syncodec into out", engine: own.syncodec, into }));
  }
  contestants.push(await reader({ ...common, name: "syncodec", engine: own.syncodec, isFresh }));
  if (spec.peers.includes("zarrita") && own.zarrita !== undefined)
    contestants.push(await reader({ ...common, name: "zarrita", engine: own.zarrita, isFresh: isFresh || isCold }));
  if (spec.floor) contestants.push(indexFloor(host, spec, place));
  return { contestants, place, expected };
}

/** The least that reading from a shard takes whose index is not kept: copying the index into linear memory, and its checksum. */
function indexFloor({ internals }, { array }, { content }) {
  const [key] = [...content.listSync("/c/")];
  const value = content.getSync(key);
  const slots = product(array.shardShape) / product(array.chunkShape);
  const index = value.subarray(value.byteLength - slots * 16 - 4);
  const stored = new DataView(index.buffer, index.byteOffset + slots * 16, 4).getUint32(0, true);
  const memory = new internals.memory.Memory();
  const checksum = () => memory.kernels.crc32c(memory.write(index).pointer, slots * 16, 0);
  const run = () => memory.scope(checksum);
  return {
    name: "index copied and checksummed",
    run,
    verify() {
      if (run() >>> 0 !== stored) throw new Error("the checksum of the index is wrong");
    },
  };
}

/** All chunks of the array, one call each. */
async function chunkReadContestants(host, spec, places, data) {
  const place = await places.create(data);
  const { shape, chunkShape, dataType } = spec.array;
  const selections = chunkSelections(shape, chunkShape);
  const own = engines(host, spec);
  const contestants = [];
  for (const [name, engine] of Object.entries(own)) {
    if (engine === undefined || (name !== "syncodec" && !spec.peers.includes(name))) continue;
    const array = await engine.open(place);
    const prepared = selections.map((selection) => engine.selection(selection));
    const isSync = name === "syncodec";
    contestants.push({
      name,
      run: isSync
        ? () => prepared.forEach((selection) => void engine.read(array, selection))
        : async () => {
            for (const selection of prepared) await engine.read(array, selection);
          },
      async verify() {
        for (const [i, selection] of prepared.entries()) {
          const found = elementsOf(await engine.read(array, selection), typedArrays[dataType]);
          expectEqual(found, select(data, shape, selections[i]), `${name}, chunk ${i}`);
        }
      },
    });
  }
  return { contestants, place, expected: data };
}

/** Writes of a selection; `names: "new"` writes into an empty store each time. */
async function writeContestants(host, spec, places, data) {
  const { shape } = spec.array;
  const value = spec.value ?? select(data, shape, spec.selection);
  const expected =
    spec.value === undefined ? value : generate(spec.data, shapeOf(shape, spec.selection), spec.array.dataType);
  const contestants = [];
  for (const [name, engine] of Object.entries(engines(host, spec))) {
    if (engine === undefined || (name !== "syncodec" && (!spec.peers.includes(name) || zarritaLimit(spec)))) continue;
    // A part is written into an array that has elements.
    const initial = spec.selection === null ? undefined : new typedArrays[spec.array.dataType](data.length).fill(3);
    const selection = engine.selection(spec.selection);
    const given = engine.value(value, shapeOf(shape, spec.selection));
    let place = await places.create(initial);
    let array = await engine.open(place);
    const before = async () => {
      await places.remove(place);
      place = await places.create(initial);
      array = await engine.open(place);
    };
    const run = () => engine.write(array, selection, given);
    contestants.push({
      name,
      run,
      ...(spec.names === "new" && { before }),
      async verify() {
        await run();
        const found = host.syncodec.openArraySync(place.content).getSync(selectionFor(host.syncodec, spec.selection));
        expectEqual(elementsOf(found, typedArrays[spec.array.dataType]), expected, name);
      },
    });
  }
  const initial = spec.selection === null ? undefined : new typedArrays[spec.array.dataType](data.length).fill(3);
  return { contestants, place: await places.create(initial), expected };
}

/** Reads everything from one store and writes it to a new one. */
async function roundTripContestants(host, spec, places, data) {
  const source = await places.create(data);
  const engine = engines(host, spec).syncodec;
  const from = await engine.open(source);
  let target = await places.create();
  let to = await engine.open(target);
  const run = () => engine.write(to, null, from.getSync());
  const contestant = {
    name: "syncodec",
    run,
    before: async () => {
      await places.remove(target);
      target = await places.create();
      to = await engine.open(target);
    },
    async verify() {
      run();
      expectEqual(to.getSync().data, data, "syncodec");
    },
  };
  return { contestants: [contestant], place: source, expected: data };
}

const operations = {
  read: readContestants,
  readChunks: chunkReadContestants,
  write: writeContestants,
  roundTrip: roundTripContestants,
};

function missingPeers(host, spec) {
  const missing = [];
  for (const name of ["zarrita", "fizarrita"]) {
    if (!spec.peers.includes(name)) continue;
    const limit = name === "zarrita" ? zarritaLimit(spec) : fizarritaLimit(spec);
    const reason = limit ?? host.peer(name).reason;
    if (reason !== undefined) missing.push({ name, reason });
  }
  return missing;
}

/**
 * A case from its description:
 *
 * - `operation`: "read" (also into `out`, if that is set), "readChunks" (one call per chunk), "write", "roundTrip"
 * - `array`: shape, chunkShape, shardShape, dataType, codec (a name of {@link compressors})
 * - `data`: a name of the generators; `value`: a scalar to write, which gives the same elements
 * - `store`: "memory", "local" or "latency" (memory, 10 ms before each answer)
 * - `selection`: `null`, or for each axis a number, `null` or [start, stop, step]
 * - `index`: "cached" (default), "cold" (shard indexes are not kept), "fresh" (the array is opened anew before each call)
 * - `names`: "new" writes into an empty store each time, "same" (default) over what is there
 * - `floor`: also times the copying and checksumming of the shard's index
 * - `peers`: names; `threads`: 1 keeps everyone to one, where they can be told
 */
export function arrayCase(description) {
  const spec = { selection: null, index: "cached", names: "same", out: false, peers: [], ...description };
  const { id, group, title, operation, array } = spec;
  const itemSize = typedArrays[array.dataType].BYTES_PER_ELEMENT;
  return {
    id,
    group,
    title,
    store: spec.store,
    bytes: product(shapeOf(array.shape, spec.selection)) * itemSize * (operation === "roundTrip" ? 2 : 1),
    spec,
    async open(host) {
      const places = new Places(host, spec);
      const data = host.remember(`${spec.data} ${array.dataType} ${array.shape}`, () =>
        generate(spec.data, array.shape, array.dataType),
      );
      try {
        const { contestants, place, expected } = await operations[operation](host, spec, places, data);
        const python = spec.peers.filter((name) => pythonPeers.includes(name));
        return {
          contestants,
          missing: missingPeers(host, spec),
          ...(python.length > 0 && {
            python: { peers: python, spec, place, data, expected },
          }),
          close: () => places.removeAll(),
        };
      } catch (error) {
        await places.removeAll();
        throw error;
      }
    },
  };
}
