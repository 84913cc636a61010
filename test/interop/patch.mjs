/**
 * Patches shards with syncodec (from dist/), with an expected.json for verify.py.
 *
 *     node test/interop/patch.mjs FOLDER
 *
 * The shards are those that shards.py has put into FOLDER, and new ones of syncodec's own. Each array takes some hundred random partial writes;
 * a plain typed array takes them element by element. Where no element becomes the fill value, every shard must stay the same file (so that it
 * was patched and not rewritten) and keep its index byte for byte.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { createArraySync, init, openArraySync, slice } from "../../dist/index.js";
import { LocalStore } from "../../dist/node.js";
import { cStride, product, randomSource, toJson } from "./support.mjs";

const writesPerArray = 250;
const arrayClasses = {
  uint16: Uint16Array,
  int32: Int32Array,
  float64: Float64Array,
  int64: BigInt64Array,
};
const crc32c = { name: "crc32c" };
const bytes = (endian) => ({ name: "bytes", configuration: { endian } });
const chains = {
  little: ["int32", [bytes("little")]],
  crc32c: ["uint16", [bytes("little"), crc32c]],
  big: ["float64", [bytes("big")]],
  "big-crc32c": ["int64", [bytes("big"), crc32c]],
};

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node test/interop/patch.mjs FOLDER");
const store = new LocalStore(folder, { durability: "none" });
const expected = [];

/** Random indices of one axis, and the entry of a selection that means them; never as many in a row as `limit`. */
function randomAxis(length, limit, random) {
  const kind = random() % 4;
  if (kind === 0) return { indices: [random() % length], make: (indices) => indices[0] };
  if (kind === 1) {
    const indices = Array.from({ length: 1 + (random() % 2) }, () => random() % length);
    return { indices, make: (all) => all };
  }
  const [a, b] = [random() % length, random() % length];
  const [start, stop, step] = [
    Math.min(a, b),
    Math.min(Math.max(a, b) + 1, Math.min(a, b) + limit - 1),
    1 + (random() % 2),
  ];
  const indices = [];
  for (let i = start; i < stop; i += step) indices.push(i);
  return { indices, make: () => slice(start, stop, step) };
}

/** One random write on the array and on the reference; with `mayFill` a third of them write the fill value. */
function writeOnce(array, reference, random, mayFill) {
  const { shape } = array;
  const stride = cStride(shape);
  const toElement = (value) => (reference instanceof BigInt64Array ? BigInt(value) : value);
  const newValue = () => toElement(1 + (random() % 60000));
  if (random() % 4 === 0) {
    const points = Array.from({ length: 1 + (random() % 6) }, () => shape.map((length) => random() % length));
    const values = reference.constructor.from(points, newValue);
    array.setPointsSync(
      shape.map((_, axis) => points.map((point) => point[axis])),
      values,
    );
    points.forEach((point, i) => {
      reference[point.reduce((offset, index, axis) => offset + index * stride[axis], 0)] = values[i];
    });
    return;
  }
  // A shard that is written whole is not patched: along the first axis, less than the last shard's part of the array is written.
  const limit = shape[0] % array.shardShape[0];
  const axes = shape.map((length, axis) => randomAxis(length, axis === 0 ? limit : length + 1, random));
  const selection = axes.map(({ indices, make }) => make(indices));
  const offsets = axes.reduce(
    (all, { indices }, axis) => all.flatMap((offset) => indices.map((index) => offset + index * stride[axis])),
    [0],
  );
  const isFill = mayFill && random() % 3 === 0;
  if (isFill || random() % 3 === 0) {
    const value = isFill ? toElement(0) : newValue();
    array.setSync(selection, value);
    for (const offset of offsets) reference[offset] = value;
    return;
  }
  const values = reference.constructor.from(offsets, newValue);
  array.setSync(selection, values);
  offsets.forEach((offset, i) => {
    reference[offset] = values[i];
  });
}

/** Every shard of an array: its file number, and its index as hexadecimal text. */
function shardsOf(path, { location, size }) {
  const root = join(folder, path);
  const files = readdirSync(join(root, "c"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const file = join(entry.parentPath ?? entry.path, entry.name);
      const value = readFileSync(file);
      const index = location === "start" ? value.subarray(0, size) : value.subarray(-size);
      const key = file.slice(root.length + 1).replaceAll(sep, "/");
      return [key, { number: statSync(file).ino, index: index.toString("hex") }];
    }),
  );
}

/** Patches the array at `path`, which holds `reference`. */
function patchArray(path, reference, index, mayFill, options = {}) {
  const random = randomSource(expected.length + 1);
  const before = shardsOf(path, index);
  let array = openArraySync(store, { ...options, path: `/${path}` });
  for (let i = 0; i < writesPerArray; i++) {
    if (random() % 50 === 0) array = openArraySync(store, { ...options, path: `/${path}` });
    writeOnce(array, reference, random, mayFill);
  }
  const after = mayFill ? {} : shardsOf(path, index);
  for (const [key, { number }] of Object.entries(after))
    if (number !== before[key]?.number) throw new Error(`${path}/${key} was rewritten, not patched`);
  const indexes = Object.entries(before).map(([key, shard]) => [key, shard.index]);
  expected.push({
    path,
    dataType: array.dataType,
    shape: array.shape,
    sha256: createHash("sha256").update(reference).digest("hex"),
    ...(mayFill ? {} : { index: { ...index, shards: Object.fromEntries(indexes) } }),
  });
  return indexes[0][1];
}

/** The elements that every array begins with: 1, 2, 3, … */
function counting(dataType, shape) {
  const data = new arrayClasses[dataType](product(shape));
  for (let i = 0; i < data.length; i++) data[i] = dataType === "int64" ? BigInt(i + 1) : i + 1;
  return data;
}

function patchOwnShards() {
  const layouts = [
    { shape: [21, 13], shardShape: [12, 8], chunkShape: [3, 2] },
    { shape: [7, 9, 10], shardShape: [4, 6, 10], chunkShape: [2, 3, 5] },
    { shape: [450], shardShape: [240], chunkShape: [20] },
  ];
  for (const indexLocation of ["start", "end"]) {
    for (const [name, [dataType, codecs]] of Object.entries(chains)) {
      for (const mayFill of [false, true]) {
        const layout = layouts[expected.length % layouts.length];
        const path = `syncodec-${indexLocation}-${name}${mayFill ? "-with-fill" : ""}`;
        const options = { ...layout, path: `/${path}`, dataType, codecs, indexLocation };
        const reference = counting(dataType, layout.shape);
        createArraySync(store, options).setSync(null, reference);
        const chunks = product(layout.shardShape) / product(layout.chunkShape);
        patchArray(path, reference, { location: indexLocation, size: chunks * 16 + 4 }, mayFill);
      }
    }
  }
}

/** Compressed shards, which grow: never rewritten, rewritten at times, and compacted in the end. */
function appendToShards() {
  const codec = { name: "zstd", configuration: { level: 1, checksum: false } };
  const layout = { shape: [21, 13], shardShape: [12, 8], chunkShape: [3, 2], dataType: "int32" };
  for (const indexLocation of ["start", "end"]) {
    for (const compactionThreshold of [0.5, 1]) {
      for (const isCompacted of [false, true]) {
        const path = `appended-${indexLocation}-${compactionThreshold}${isCompacted ? "-compacted" : ""}`;
        const codecs = [bytes("little"), codec];
        const reference = counting(layout.dataType, layout.shape);
        createArraySync(store, { ...layout, path: `/${path}`, codecs, indexLocation }).setSync(null, reference);
        const index = { location: indexLocation, size: 16 * 16 + 4 };
        const before = shardsOf(path, index);
        const options = { compactionThreshold };
        patchArray(path, reference, index, true, options);
        const isSame = ([key, { number }]) => shardsOf(path, index)[key]?.number === number;
        if (compactionThreshold === 1 && !Object.entries(before).some(isSame))
          throw new Error(`no shard of ${path} was appended to`);
        if (!isCompacted) continue;
        const { rewritten, bytesFreed } = openArraySync(store, { path: `/${path}` }).compactSync();
        if (rewritten === 0 || bytesFreed === 0) throw new Error(`${path} had nothing to compact`);
      }
    }
  }
}

function patchForeignShards() {
  const arrays = JSON.parse(readFileSync(join(folder, "shards.json"), "utf8"));
  const indexes = arrays.map(({ path, dataType, shape, location, size }) =>
    patchArray(path, counting(dataType, shape), { location, size }, false),
  );
  // Otherwise the orders would not show.
  const layouts = new Set(indexes.map((index, i) => `${arrays[i].dataType} ${arrays[i].location} ${index}`));
  if (layouts.size < 3 * 8) throw new Error(`only ${layouts.size} different indexes in shards of 4 orders`);
}

await init();
patchOwnShards();
appendToShards();
patchForeignShards();
writeFileSync(join(folder, "expected.json"), toJson(expected));
console.log(`${expected.length} arrays patched, ${writesPerArray} writes each`);
