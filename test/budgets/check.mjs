/**
 * Counted work against `budgets.json`: small fixed cases of the built package, on one thread. More of anything than its budget is a failure; less
 * is an invitation to lower the budget. Wall times have no place here.
 *
 *     npm run bench:check              compares
 *     npm run bench:check -- --update  writes the budgets anew
 */

import { deepStrictEqual } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countKernels, countRequests, countWork } from "./counted_work.mjs";

const { configure, createArraySync, init, MemoryStore, openArraySync, slice } = await import("../../dist/index.js");
const { LocalStore } = await import("../../dist/node.js");
const { currentMemory } = await import("../../dist/wasm/memory.js");

const budgetsFile = new URL("budgets.json", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "syncodec-check-"));

await init();
configure({ codecPipeline: { maxWorkers: 1 } });
countKernels(currentMemory().kernels);
for (const name of ["blosc", "bulk", "deflate", "filter", "zstd"]) {
  const { [`${name}Kernels`]: module } = await import(`../../dist/wasm/${name}_kernels.js`);
  countKernels(currentMemory().kernelsOf(module));
}

/** 1 KiB each. */
const chunkLength = 256;
const chunkCount = 64;
const length = chunkLength * chunkCount;

const arrays = {
  int32: Int32Array.from({ length }, (_, i) => 1 + Math.round(10000 * Math.sin(i / 300) + 300 * Math.sin(i / 7))),
  float32: Float32Array.from({ length }, (_, i) => 20 + 5 * Math.sin(i / 500)),
};

const chunks = { shape: [length], chunkShape: [chunkLength], dataType: "int32" };
const shard = { ...chunks, shardShape: [length] };
/** As many elements in inner chunks of 4 × 8 × 8, stored in Morton order. */
const shard3d = { ...chunks, shape: [16, 32, 32], shardShape: [16, 32, 32], chunkShape: [4, 8, 8] };
const oneChunk = { ...chunks, shape: [chunkLength] };
/** In chunks of 4 × 8 × 8 with the axes the other way round. */
const transposed = {
  ...chunks,
  shape: [16, 32, 32],
  chunkShape: [4, 8, 8],
  filters: [{ name: "transpose", configuration: { order: [2, 1, 0] } }],
};
const big = { dataType: "float32", serializer: { name: "bytes", configuration: { endian: "big" } } };

const blosc = {
  name: "blosc",
  configuration: { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 4, blocksize: 0 },
};
const none = [];
const codecs = { none, crc32c: ["crc32c"], gzip: ["gzip"], zstd: ["zstd"], blosc: [blosc] };

const countOf = ({ shape }) => shape.reduce((a, b) => a * b);
const valuesOf = (layout) => arrays[layout.dataType].subarray(0, countOf(layout));
/** A chunk or inner chunk, ten of them, and a part of one. */
const wholeChunk = slice(5 * chunkLength, 6 * chunkLength);
const tenChunks = slice(5 * chunkLength, 15 * chunkLength);
const partOfChunk = slice(5 * chunkLength + 10, 5 * chunkLength + 110);
const element = 5 * chunkLength + 77;

/** Reads everything into an array of the caller. */
function readAll(layout) {
  const out = new arrays[layout.dataType].constructor(countOf(layout));
  return {
    act: (array) => array.getSync(null, { out }),
    check: () => deepStrictEqual(out, valuesOf(layout)),
  };
}

function readNew(layout) {
  let found;
  return {
    act: (array) => {
      found = array.getSync().data;
    },
    check: () => deepStrictEqual(found, valuesOf(layout)),
  };
}

/** Reads `range`, which is a slice, into an array of the caller. */
function readRange(layout, range) {
  const expected = valuesOf(layout).slice(range.start, range.stop);
  const out = new arrays[layout.dataType].constructor(expected.length);
  return {
    act: (array) => array.getSync([range], { out }),
    check: () => deepStrictEqual(out, expected),
  };
}

/** Reads every fourth element into an array of the caller. */
function readSteps(layout) {
  const expected = valuesOf(layout).filter((_, i) => i % 4 === 0);
  const out = new arrays[layout.dataType].constructor(expected.length);
  return {
    act: (array) => array.getSync([slice(null, null, 4)], { out }),
    check: () => deepStrictEqual(out, expected),
  };
}

function readElement(layout, index) {
  let found;
  return {
    act: (array) => {
      found = array.getSync([index]);
    },
    check: () => deepStrictEqual(found, valuesOf(layout)[index]),
  };
}

function writeAll(layout) {
  const values = valuesOf(layout);
  return {
    act: (array) => array.setSync(null, values),
    check: (array) => deepStrictEqual(array.getSync().data, values),
  };
}

function writeScalar(layout) {
  return {
    act: (array) => array.setSync(null, 7),
    check: (array) =>
      deepStrictEqual(
        array.getSync().data,
        valuesOf(layout).map(() => 7),
      ),
  };
}

/** Reads where no chunk is stored: the fill value has been written before. */
function readMissing(layout) {
  const out = new arrays[layout.dataType].constructor(countOf(layout)).fill(1);
  return {
    prepare: (array) => array.setSync(null, 0),
    act: (array) => array.getSync(null, { out }),
    check: () => deepStrictEqual(out, new out.constructor(out.length)),
  };
}

/** Removes the inner chunk `range` the first time, and writes it the next. */
function removeAndWrite(layout, range) {
  const { act, check } = writeRange(layout, range);
  let isThere = true;
  return {
    act: (array) => {
      isThere = !isThere;
      if (isThere) act(array);
      else array.setSync([range], 0);
    },
    check,
  };
}

/** Writes `range`, which is a slice. */
function writeRange(layout, range) {
  const values = valuesOf(layout).slice(range.start, range.stop).reverse();
  const expected = valuesOf(layout).slice();
  expected.set(values, range.start);
  return {
    act: (array) => array.setSync([range], values),
    check: (array) => deepStrictEqual(array.getSync().data, expected),
  };
}

const memory = () => new MemoryStore();
let folders = 0;
const files = () => new LocalStore(join(folder, String(folders++)));
const noCache = { indexCacheBytes: 0 };

/** [name, store, layout, operation, options of the array]: the array holds its values before the operation. */
const cases = [
  ...Object.entries(codecs).flatMap(([name, compressors]) => [
    [`64 chunks, ${name}: read`, memory, { ...chunks, compressors }, readAll],
    [`64 chunks, ${name}: write (W1)`, memory, { ...chunks, compressors }, writeAll],
  ]),
  ["64 chunks, none: read into a new array", memory, chunks, readNew],
  ["64 chunks, none: read a chunk (R1)", memory, chunks, (layout) => readRange(layout, wholeChunk)],
  ["64 chunks, none: read an element", memory, chunks, (layout) => readElement(layout, element)],
  ["64 chunks, none: write a part of a chunk (W2)", memory, chunks, (layout) => writeRange(layout, partOfChunk)],
  ["64 chunks, none: read every fourth element", memory, chunks, readSteps],
  ["64 chunks, none: read where none is stored", memory, chunks, readMissing],
  ["64 chunks, none: write a scalar", memory, chunks, writeScalar],
  ["64 chunks, transpose: read", memory, transposed, readAll],
  ["64 chunks, transpose: write", memory, transposed, writeAll],
  ["64 chunks, big-endian: read", memory, { ...chunks, ...big }, readAll],
  ["64 chunks, big-endian: write", memory, { ...chunks, ...big }, writeAll],
  ["one chunk, none: read", memory, oneChunk, readAll],
  ["one chunk, none: write", memory, oneChunk, writeAll],
  ...["none", "crc32c", "gzip", "zstd"].flatMap((name) => [
    [`shard, ${name}: read (R2)`, memory, { ...shard, compressors: codecs[name] }, readAll],
    [`shard, ${name}: write (W3)`, memory, { ...shard, compressors: codecs[name] }, writeAll],
  ]),
  ["shard, Morton order: read (R2)", memory, shard3d, readAll],
  ["shard, Morton order: write (W3)", memory, shard3d, writeAll],
  ...["none", "crc32c"].map((name) => [
    `64 shards of one chunk, ${name}: write (W3)`,
    memory,
    { ...chunks, shardShape: [chunkLength], compressors: codecs[name] },
    writeAll,
  ]),
  ["shard, big-endian: read (R2)", memory, { ...shard, ...big }, readAll],
  ["shard, big-endian: write (W3)", memory, { ...shard, ...big }, writeAll],
  ...["none", "crc32c", "gzip"].flatMap((name) => {
    const layout = { ...shard, compressors: codecs[name] };
    const readOne = () => readRange(layout, wholeChunk);
    return [
      [`shard, ${name}: read an inner chunk (R3), index unknown`, memory, layout, readOne, noCache],
      [`shard, ${name}: read an inner chunk (R3), index known`, memory, layout, readOne],
      [`shard, ${name}: read ten inner chunks (R3), index known`, memory, layout, () => readRange(layout, tenChunks)],
    ];
  }),
  ["shard, none: read an element, index known", memory, shard, (layout) => readElement(layout, element)],
  [
    "shard, crc32c: rewrite with another inner chunk (W4)",
    memory,
    { ...shard, compressors: codecs.crc32c },
    (layout) => writeRange(layout, wholeChunk),
    { patch: false },
  ],
  [
    "shard, gzip: rewrite with another inner chunk (W4)",
    memory,
    { ...shard, compressors: codecs.gzip },
    (layout) => writeRange(layout, wholeChunk),
    { patch: false },
  ],
  ...["start", "end"].map((indexLocation) => [
    `shard, gzip: append an inner chunk, index at the ${indexLocation} (W6)`,
    memory,
    { ...shard, compressors: codecs.gzip, indexLocation },
    (layout) => removeAndWrite(layout, wholeChunk),
    { compactionThreshold: 1 },
  ]),
  ...[
    ["an inner chunk", wholeChunk],
    ["ten inner chunks", tenChunks],
    ["a part of an inner chunk", partOfChunk],
  ].flatMap(([what, range]) => {
    const layout = { ...shard, compressors: codecs.crc32c };
    const patch = () => writeRange(layout, range);
    return [
      [`shard, crc32c: patch ${what} (W5), index unknown`, memory, layout, patch, noCache],
      [`shard, crc32c: patch ${what} (W5), index known`, memory, layout, patch],
      [`files, shard, crc32c: patch ${what} (W5), index unknown`, files, layout, patch, noCache],
      [`files, shard, crc32c: patch ${what} (W5), index known`, files, layout, patch],
    ];
  }),
  ...["none", "crc32c", "gzip"].flatMap((name) => [
    [`files, 64 chunks, ${name}: read`, files, { ...chunks, compressors: codecs[name] }, readAll],
    [`files, 64 chunks, ${name}: write`, files, { ...chunks, compressors: codecs[name] }, writeAll],
    [`files, shard, ${name}: read (R2)`, files, { ...shard, compressors: codecs[name] }, readAll],
  ]),
  ["files, shard, none: write (W3)", files, shard, writeAll],
  [
    "files, shard, none: read an element, index unknown",
    files,
    shard,
    (layout) => readElement(layout, element),
    noCache,
  ],
  ["files, shard, none: read an element, index known", files, shard, (layout) => readElement(layout, element)],
];

/** A file that was just written is read under its lock; how often would depend on the machine. */
function outlastTick(store) {
  if ("root" in store) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
}

function measure([, makeStore, layout, operation, options = {}]) {
  const store = countRequests(makeStore());
  try {
    createArraySync(store, layout).setSync(null, valuesOf(layout));
    const array = openArraySync(store, options);
    const { prepare, act, check } = operation(layout);
    prepare?.(array);
    outlastTick(store);
    // What is done once per array, or once per thread, is not counted.
    act(array);
    outlastTick(store);
    const counts = countWork(() => act(array));
    check(array);
    return counts;
  } finally {
    store.close?.();
  }
}

/** Every count of either side: [group and name, budget, found]. */
function compare(budget, found) {
  const groups = [...new Set([...Object.keys(budget), ...Object.keys(found)])].sort();
  return groups.flatMap((group) => {
    const [before, now] = [budget[group] ?? {}, found[group] ?? {}];
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return names.map((name) => [`${group}, ${name}`, before[name] ?? 0, now[name] ?? 0]);
  });
}

const found = {};
let failed = 0;
for (const each of cases) {
  const [name] = each;
  try {
    found[name] = measure(each);
  } catch (error) {
    failed++;
    console.error(`${name}:`, error);
  }
}
rmSync(folder, { recursive: true, force: true });

if (process.argv.includes("--update")) {
  if (failed === 0) {
    const names = Object.keys(found).sort();
    const sorted = Object.fromEntries(names.map((name) => [name, found[name]]));
    writeFileSync(budgetsFile, `${JSON.stringify(sorted, undefined, 2)}\n`);
    console.log(`budgets of ${names.length} cases written`);
  }
} else {
  const budgets = JSON.parse(readFileSync(budgetsFile, "utf8"));
  let canBeLowered = false;
  for (const [name, counts] of Object.entries(found)) {
    if (budgets[name] === undefined) {
      failed++;
      console.error(`${name}: has no budget; \`npm run bench:check -- --update\` writes one`);
      continue;
    }
    const differences = compare(budgets[name], counts).filter(([, expected, count]) => expected !== count);
    for (const [what, expected, count] of differences) {
      console.log(`${name}: ${what}: expected ${expected}, found ${count}`);
    }
    if (differences.some(([, expected, count]) => count > expected)) failed++;
    else if (differences.length > 0) canBeLowered = true;
  }
  for (const name of Object.keys(budgets)) {
    if (cases.some(([known]) => known === name)) continue;
    canBeLowered = true;
    console.log(`${name}: there is no such case any more`);
  }
  if (canBeLowered) console.log("Budgets can be lowered: `npm run bench:check -- --update`");
  console.log(`${cases.length - failed} passed, ${failed} failed`);
}
process.exitCode = failed === 0 ? 0 : 1;
