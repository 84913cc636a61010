/**
 * Writes a family of arrays with syncodec (from dist/) into a folder, with an expected.json for verify.py.
 *
 *     node test/interop/write.mjs FOLDER
 *
 * Every array gets a whole write, then partial ones: unaligned, strided, a scalar, the fill value over whole inner chunks, and
 * one through a fresh handle. A plain typed array takes the same writes element by element; its bytes are the expectation.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createArraySync, createGroupSync, init, openArraySync, slice } from "../../dist/index.js";
import { LocalStore } from "../../dist/node.js";
import { cStride, product, randomSource, toJson } from "./support.mjs";

// ---- data types ---------------------------------------------------------------------------------------------------------
// `fills` are [value, element of the typed array] where the two differ. float16 is written as bits, whether or not the host
// has a Float16Array; bool as bytes.

const same = (...values) => values.map((value) => [value, value]);
const [INT64_MIN, INT64_MAX, UINT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n];
const floatFills = same(Number.NaN, -Infinity, 0, -0, 0.1);
const floatSalt = [Number.NaN, -0, Infinity, -Infinity, 0.1, 1e-40];
const float16Fills = [
  [Number.NaN, 0x7e00],
  [-Infinity, 0xfc00],
  [0, 0],
  [-0, 0x8000],
  [1.5, 0x3e00],
];

const dataTypes = {
  bool: {
    make: Uint8Array,
    fills: [
      [false, 0],
      [true, 1],
    ],
    salt: [0, 1],
    modulus: 2,
  },
  int8: { make: Int8Array, fills: same(-128, 0, 127), salt: [127, -128, -1] },
  int16: { make: Int16Array, fills: same(-32768, 0, 7), salt: [32767, -32768, -1] },
  int32: { make: Int32Array, fills: same(-(2 ** 31), 0, 2 ** 31 - 1), salt: [2 ** 31 - 1, -(2 ** 31), -1] },
  int64: { make: BigInt64Array, fills: same(INT64_MIN, 0n, 2n ** 53n + 1n), salt: [INT64_MAX, INT64_MIN, -1n] },
  uint8: { make: Uint8Array, fills: same(255, 0, 7), salt: [255, 128] },
  uint16: { make: Uint16Array, fills: same(65535, 0, 7), salt: [65535, 32768] },
  uint32: { make: Uint32Array, fills: same(2 ** 32 - 1, 0, 7), salt: [2 ** 32 - 1, 2 ** 31] },
  uint64: { make: BigUint64Array, fills: same(UINT64_MAX, 0n, 2n ** 53n + 1n), salt: [UINT64_MAX, 2n ** 63n] },
  float16: { make: Uint16Array, fills: float16Fills, salt: [0x7e01, 0x8000, 0x7c00, 0xfc00, 0x0001], modulus: 0x7c00 },
  float32: { make: Float32Array, fills: floatFills, salt: floatSalt },
  float64: { make: Float64Array, fills: floatFills, salt: floatSalt },
};

// ---- features -----------------------------------------------------------------------------------------------------------
// Per rank; every edge of `sub` divides that of `inner`, every edge of `inner` that of `shard`. `transposed` divides every
// edge of the shard: zarr-python 3.4 opens no other inner chunk behind a transpose.

const shapesOfRank = {
  1: { shard: [120], inner: [40], sub: [10], transposed: [40], even: [480], ragged: [427] },
  2: { shard: [12, 18], inner: [4, 9], sub: [2, 3], transposed: [6, 3], even: [24, 36], ragged: [21, 31] },
  3: {
    shard: [6, 4, 8],
    inner: [3, 4, 2],
    sub: [3, 2, 1],
    transposed: [2, 1, 2],
    even: [12, 8, 8],
    ragged: [7, 11, 5],
  },
  4: {
    shard: [4, 2, 2, 6],
    inner: [2, 2, 1, 3],
    sub: [1, 2, 1, 3],
    transposed: [2, 1, 2, 2],
    even: [4, 4, 4, 12],
    ragged: [5, 2, 3, 10],
  },
};
const transposeOrders = { 1: [0], 2: [1, 0], 3: [1, 2, 0], 4: [3, 0, 2, 1] };

const gzip = (level) => ({ name: "gzip", configuration: { level } });
const zstd = (level, checksum) => ({ name: "zstd", configuration: { level, checksum } });
const crc32c = { name: "crc32c" };
const bytes = (endian) => ({ name: "bytes", configuration: { endian } });
const transpose = (order) => ({ name: "transpose", configuration: { order } });

const compressions = [
  [],
  [crc32c],
  [gzip(1)],
  [gzip(6), crc32c],
  [zstd(0, false)],
  [zstd(3, true)],
  [zstd(9, false), crc32c],
];
const indexes = [
  { location: "end", codecs: [bytes("little"), crc32c] },
  { location: "start", codecs: [bytes("little"), crc32c] },
  { location: "end", codecs: [bytes("little")] },
  { location: "start", codecs: [bytes("big"), crc32c] },
  { location: "end", codecs: [bytes("big")] },
];
const chunkKeyEncodings = ["default/", "default.", "v2.", "v2/"].map((text) => ({
  name: text.slice(0, -1),
  configuration: { separator: text.at(-1) },
}));
const subchunkWriteOrders = ["morton", "lexicographic", "colexicographic"];

const sharding = (chunkShape, codecs, index) => ({
  name: "sharding_indexed",
  configuration: { chunk_shape: chunkShape, codecs, index_codecs: index.codecs, index_location: index.location },
});

/** Each layout gives the createArraySync options that describe chunks and codecs; the first and third use no explicit codec list. */
const layouts = {
  unsharded: ({ shapes, serializer, compressors }) => ({ chunkShape: shapes.shard, serializer, compressors }),
  transposed: ({ shapes, order, serializer, compressors }) => ({
    chunkShape: shapes.shard,
    codecs: [transpose(order), serializer, ...compressors],
  }),
  sharded: ({ shapes, serializer, compressors, index, subchunkWriteOrder }) => ({
    shardShape: shapes.shard,
    chunkShape: shapes.inner,
    serializer,
    compressors,
    indexLocation: index.location,
    indexCodecs: index.codecs,
    subchunkWriteOrder,
  }),
  "inner transpose": ({ shapes, order, serializer, compressors, index }) => ({
    shardShape: shapes.shard,
    chunkShape: shapes.inner,
    filters: [transpose(order)],
    serializer,
    compressors,
    indexLocation: index.location,
    indexCodecs: index.codecs,
  }),
  nested: ({ shapes, serializer, compressors, index, otherIndex }) => ({
    chunkShape: shapes.shard,
    codecs: [sharding(shapes.inner, [sharding(shapes.sub, [serializer, ...compressors], otherIndex)], index)],
  }),
  "transpose before shard": ({ shapes, order, serializer, compressors, index }) => ({
    chunkShape: shapes.shard,
    codecs: [transpose(order), sharding(shapes.transposed, [serializer, ...compressors], index)],
  }),
  "codec after shard": ({ shapes, serializer, compressors, index, number }) => ({
    chunkShape: shapes.shard,
    codecs: [sharding(shapes.inner, [serializer, ...compressors], index), number % 2 === 0 ? gzip(5) : crc32c],
  }),
};

const attributes = {
  "beyond double": 2n ** 53n + 1n,
  "uint64 max": UINT64_MAX,
  "int64 min": INT64_MIN,
  nested: { list: [1, 1.5, -0.25, null, true, "µm 🔬"], empty: {} },
};

// ---- the reference ------------------------------------------------------------------------------------------------------

const extentOf = ({ start, stop, step }) => Math.ceil((stop - start) / step);

/** A ramp with noise, salted with the data type's extreme values. */
function randomElements(dataType, size, random) {
  const { make, salt, modulus } = dataTypes[dataType];
  const data = new make(size);
  const isBig = typeof salt[0] === "bigint";
  for (let i = 0; i < size; i++) {
    let value = Math.floor(i / 3) + (random() % 4);
    if (modulus !== undefined) value %= modulus;
    data[i] = random() % 8 === 0 ? salt[random() % salt.length] : isBig ? BigInt(value) : value;
  }
  return data;
}

/** What syncodec takes as data: the reference's own typed array, except float16 on a host that has a Float16Array. */
function toChunk(dataType, data, shape) {
  const isFloat16 = dataType === "float16" && globalThis.Float16Array !== undefined;
  const view = isFloat16 ? new Float16Array(data.buffer, data.byteOffset, data.length) : data;
  return { data: view, shape, stride: cStride(shape) };
}

/** Sets reference[ranges] to `elements`: an array in C order, or one element for all. */
function assign(reference, shape, ranges, elements) {
  const stride = cStride(shape);
  const isScalar = !ArrayBuffer.isView(elements);
  let taken = 0;
  const visit = (axis, offset) => {
    if (axis === shape.length) {
      reference[offset] = isScalar ? elements : elements[taken++];
      return;
    }
    const { start, stop, step } = ranges[axis];
    for (let i = start; i < stop; i += step) visit(axis + 1, offset + i * stride[axis]);
  };
  visit(0, 0);
}

// ---- the writes ---------------------------------------------------------------------------------------------------------

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node test/interop/write.mjs FOLDER");
mkdirSync(folder, { recursive: true });
const store = new LocalStore(folder);
const expected = [];

/** Creates an array, applies `writes` to it and to a plain typed array, and records what zarr-python must find. */
function writeArray(name, options, fill, writes) {
  const { dataType, shape } = options;
  const [fillValue, fillElement] = fill;
  const path = `/arrays/${name}`;
  const reference = new dataTypes[dataType].make(product(shape)).fill(fillElement);
  let array = createArraySync(store, { path, fillValue, ...options });
  const random = randomSource(expected.length + 1);
  const target = {
    /** Random elements, or the given [value, element], at the ranges; null is the whole array. */
    set(ranges, scalar) {
      const all = ranges ?? shape.map((extent) => ({ start: 0, stop: extent, step: 1 }));
      const selection = ranges === null ? null : ranges.map(({ start, stop, step }) => slice(start, stop, step));
      if (scalar !== undefined) {
        array.setSync(selection, scalar[0]);
        assign(reference, shape, all, scalar[1]);
        return;
      }
      const extents = all.map(extentOf);
      const elements = randomElements(dataType, product(extents), random);
      array.setSync(selection, toChunk(dataType, elements, extents));
      assign(reference, shape, all, elements);
    },
    reopen() {
      array = openArraySync(store, { path });
    },
  };
  writes(target);
  expected.push({
    path: path.slice(1),
    dataType,
    shape,
    sha256: createHash("sha256").update(reference).digest("hex"),
    fillValue,
    attributes: options.attributes ?? {},
    dimensionNames: options.dimensionNames,
  });
}

function writeFamily() {
  let number = 0;
  for (const [dataType, { fills }] of Object.entries(dataTypes)) {
    for (const [layout, chunksAndCodecs] of Object.entries(layouts)) {
      // 84 arrays; the divisors differ so that the other features meet each other in changing pairs.
      const pick = (values, every = 1) => values[Math.floor(number / every) % values.length];
      const rank = pick([2, 3, 1, 4]);
      const shapes = shapesOfRank[rank];
      const shape = pick(["ragged", "even", "ragged"]) === "even" ? shapes.even : shapes.ragged;
      const fill = pick(fills);
      const hasEndian = !["bool", "int8", "uint8"].includes(dataType);
      const feature = {
        number,
        shapes,
        order: transposeOrders[rank],
        serializer: hasEndian ? bytes(pick(["little", "big"])) : { name: "bytes" },
        compressors: pick(compressions, 2),
        index: pick(indexes),
        otherIndex: pick(indexes, 3),
        subchunkWriteOrder: pick(subchunkWriteOrders),
      };
      const options = {
        dataType,
        shape,
        ...chunksAndCodecs(feature),
        chunkKeyEncoding: pick(chunkKeyEncodings, 5),
        ...(number % 3 === 0 ? { attributes } : {}),
        ...(number % 2 === 0 ? { dimensionNames: shape.map((_, axis) => (axis === 1 ? null : `axis ${axis}`)) } : {}),
      };
      const startsWhole = number % 4 !== 3;
      const name = `${String(number).padStart(2, "0")}-${dataType}-${layout.replaceAll(" ", "-")}`;
      writeArray(name, options, fill, (target) => {
        // Without the whole write most chunks stay missing.
        if (startsWhole) target.set(null);
        const inner = shapes.inner;
        target.set(shape.map((extent, axis) => ({ start: 1, stop: Math.min(extent, inner[axis] + 2), step: 1 })));
        target.set(shape.map((extent) => ({ start: extent - 1, stop: extent, step: 1 })));
        target.set(
          shape.map((extent, axis) => ({
            start: 0,
            stop: Math.min(extent, 2 * inner[axis]),
            step: axis === 0 ? 3 : 1,
          })),
        );
        target.reopen();
        target.set(
          shape.map((extent, axis) => ({ start: axis === 0 ? Math.floor(extent / 2) : 0, stop: extent, step: 2 })),
        );
        target.set(
          shape.map((_, axis) => ({ start: 0, stop: inner[axis], step: 1 })),
          fill,
        );
        target.set(
          shape.map((extent) => ({ start: extent - 1, stop: extent, step: 1 })),
          pick(fills, 7),
        );
      });
      number++;
    }
  }
}

function writeRank0() {
  const shard = sharding([], [bytes("big")], indexes[0]);
  const nested = sharding([], [sharding([], [bytes("little"), zstd(1, true)], indexes[1])], indexes[4]);
  const chains = {
    raw: ["int64", [bytes("little")]],
    gzip: ["float32", [bytes("big"), gzip(9)]],
    bool: ["bool", [{ name: "bytes" }, crc32c]],
    sharded: ["uint16", [shard]],
    nested: ["float64", [nested]],
  };
  for (const [name, [dataType, codecs]] of Object.entries(chains)) {
    const options = {
      dataType,
      shape: [],
      chunkShape: [],
      codecs,
      chunkKeyEncoding: chunkKeyEncodings[expected.length % 4],
    };
    const [fill, other] = dataTypes[dataType].fills;
    writeArray(`rank0-${name}`, options, fill, (target) => {
      target.set(null);
      target.set([], other);
    });
    writeArray(`rank0-${name}-never-written`, options, fill, () => {});
  }
}

/** Every bytes-to-bytes codec of numcodecs, in its plainest and in another configuration. */
function writeNumcodecs() {
  const codecs = [
    ["crc32", {}],
    ["crc32", { location: "end" }],
    ["crc32c", {}],
    ["crc32c", { location: "start" }],
    ["adler32", {}],
    ["adler32", { location: "end" }],
    ["fletcher32", {}],
    ["jenkins_lookup3", {}],
    ["jenkins_lookup3", { initval: 4_000_000_000, prefix: null }],
    ["zlib", {}],
    ["zlib", { level: -1 }],
    ["gzip", {}],
    ["gzip", { level: 9 }],
    ["zstd", {}],
    ["zstd", { level: 100, checksum: true }],
  ];
  for (const [number, [name, configuration]] of codecs.entries()) {
    const compressors = [{ name: `numcodecs.${name}`, configuration }];
    // An odd number of bytes in a chunk: the last word of a Fletcher checksum is half.
    const options = { shape: [21, 31], chunkShape: [7, 3], compressors };
    const layouts = { plain: { dataType: "uint8" }, sharded: { dataType: "int16", shardShape: [14, 6] } };
    for (const [layout, rest] of Object.entries(layouts)) {
      const fill = dataTypes[rest.dataType].fills[0];
      writeArray(`numcodecs-${name}-${number}-${layout}`, { ...options, ...rest }, fill, (target) => target.set(null));
    }
  }
}

function writeUnusual() {
  const fill = [7, 7];
  const nothing = () => {};
  const inner = { chunkShape: [2, 3], shardShape: [4, 6], dataType: "int16" };
  writeArray("defaults", { dataType: "int32", shape: [10, 10], chunkShape: [4, 3] }, fill, (target) =>
    target.set(null),
  );
  writeArray("never-written", { ...inner, shape: [9, 9] }, fill, nothing);
  writeArray("extent-0", { ...inner, shape: [0, 5] }, fill, nothing);
  writeArray("all-fill-again", { ...inner, shape: [9, 9] }, fill, (target) => {
    target.set(null);
    target.set(null, fill);
  });
  writeArray("shard-beyond-array", { ...inner, shardShape: [16, 12], shape: [5, 7] }, fill, (target) => {
    target.set(null);
    target.set([
      { start: 2, stop: 5, step: 1 },
      { start: 6, stop: 7, step: 1 },
    ]);
  });
}

/** Chunks and shards of different lengths, also beyond the array; each array is written whole, in part, and after it was reopened. */
function writeRectilinear() {
  const grids = [
    { shape: [37], chunkGrid: [[3, [8, 3], 1, 9]] },
    { shape: [11, 13], chunkGrid: [[2, 4, [5, 3]], 4] },
    { shape: [7, 6, 5], chunkGrid: [[[1, 4], 3], [2, 3, 1], 5] },
  ];
  const shardGrids = [
    { shape: [40], shardGrid: [[8, 24, [4, 5]]], chunkShape: [4] },
    { shape: [13, 9], shardGrid: [[4, [2, 3], 6], 6], chunkShape: [2, 3] },
    { shape: [6, 5, 8], shardGrid: [[[2, 3]], [3, 6], [4, 8]], chunkShape: [2, 3, 2] },
  ];
  const transposed = { filters: [transpose([1, 2, 0])] };
  const nested = (chunkShape) => ({ serializer: sharding(chunkShape, [bytes("big"), crc32c], indexes[1]) });
  const layouts = [
    ...grids.flatMap((grid) => compressions.map((compressors) => ({ ...grid, compressors }))),
    { ...grids[2], ...transposed },
    ...shardGrids.flatMap((grid) =>
      compressions.map((compressors, i) => ({
        ...grid,
        compressors,
        indexLocation: indexes[i % 5].location,
        indexCodecs: indexes[i % 5].codecs,
        subchunkWriteOrder: subchunkWriteOrders[i % 3],
      })),
    ),
    { ...shardGrids[2], ...transposed },
    { ...shardGrids[1], ...nested([1, 3]) },
  ];
  const names = Object.keys(dataTypes);
  for (const [number, options] of layouts.entries()) {
    const dataType = names[number % names.length];
    const { fills } = dataTypes[dataType];
    const { shape } = options;
    writeArray(
      `rectilinear-${number}-${dataType}`,
      { ...options, dataType },
      fills[number % fills.length],
      (target) => {
        if (number % 3 !== 2) target.set(null);
        target.set(shape.map((extent) => ({ start: 1, stop: Math.ceil(extent * 0.7), step: 1 })));
        target.reopen();
        target.set(shape.map((extent) => ({ start: 0, stop: extent, step: 3 })));
        target.set(
          shape.map((extent) => ({ start: Math.floor(extent / 2), stop: extent, step: 1 })),
          fills[(number + 1) % fills.length],
        );
      },
    );
  }
}

function writeGroups() {
  const groups = { "/groups": { name: "outer" }, "/groups/inner": attributes, "/groups/inner/empty": {} };
  for (const [path, groupAttributes] of Object.entries(groups)) {
    createGroupSync(store, { path, attributes: groupAttributes });
    expected.push({ path: path.slice(1), kind: "group", attributes: groupAttributes });
  }
  expected.push({ path: "arrays", kind: "group", attributes: {} });
}

await init();
writeFamily();
writeRank0();
writeNumcodecs();
writeUnusual();
writeRectilinear();
writeGroups();
writeFileSync(join(folder, "expected.json"), toJson(expected));
console.log(`${expected.length} nodes written`);
