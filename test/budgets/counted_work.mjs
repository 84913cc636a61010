/**
 * Counts what one call does: kernel calls, store requests, calls of the file system, bytes copied between the JavaScript heap and the kernels'
 * linear memory, and buffers and views made. The counts are the same on every machine and every version of Node.js.
 *
 * Import this before the package: modules keep the constructors that they find when they are loaded. What is not seen: elements copied one by
 * one in JavaScript, and objects that are no buffers.
 *
 * The package is given no `node:zlib`, because what that encodes differs in length from version to version.
 */

// Before the constructors are replaced: what fflate allocates is not ours to budget.
import "fflate";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { getBuiltinModule } = process;
process.getBuiltinModule = (name) => (name === "node:zlib" ? undefined : getBuiltinModule(name));

let counts;
let linearMemory;

function add(group, name, count = 1) {
  if (counts === undefined || count === 0) return;
  counts[group] ??= {};
  counts[group][name] = (counts[group][name] ?? 0) + count;
}

const isLinear = (buffer) => linearMemory !== undefined && buffer === linearMemory.buffer;

function addCopy(dst, src, byteLength) {
  if (isLinear(dst) && !isLinear(src)) add("copied bytes", "into linear memory", byteLength);
  if (!isLinear(dst) && isLinear(src)) add("copied bytes", "out of linear memory", byteLength);
}

const bufferClasses = [ArrayBuffer, SharedArrayBuffer];
const arrayClasses = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
];
const isBuffer = (value) => bufferClasses.some((Class) => value instanceof Class);

function addConstruction(made, [first]) {
  if (counts === undefined) return;
  if (isBuffer(first)) return add("made", "views");
  add("made", "buffers");
  add("made", "bytes of buffers", made.byteLength);
  if (ArrayBuffer.isView(first)) addCopy(made.buffer, first.buffer, made.byteLength);
}

for (const Class of [...bufferClasses, ...arrayClasses, DataView]) {
  const counting = new Proxy(Class, {
    construct(target, args, newTarget) {
      const made = Reflect.construct(target, args, newTarget);
      addConstruction(made, args);
      return made;
    },
  });
  globalThis[Class.name] = counting;
  // By this, `slice` and `subarray` find the class of their results.
  Class.prototype.constructor = counting;
}

const { prototype } = Object.getPrototypeOf(Uint8Array);
const { set, slice } = prototype;
prototype.set = function (source, offset) {
  addCopy(this.buffer, source.buffer, source.length * this.BYTES_PER_ELEMENT);
  return set.call(this, source, offset);
};
prototype.slice = function (start, end) {
  const copy = slice.call(this, start, end);
  addCopy(copy.buffer, this.buffer, copy.byteLength);
  return copy;
};

const fileCalls = [
  "closeSync",
  "existsSync",
  "fstatSync",
  "fsyncSync",
  "ftruncateSync",
  "futimesSync",
  "linkSync",
  "lstatSync",
  "mkdirSync",
  "openSync",
  "readSync",
  "renameSync",
  "statSync",
  "unlinkSync",
  "writeSync",
];
for (const name of fileCalls) {
  const call = fs[name];
  fs[name] = (...args) => {
    add("file system calls", name);
    const result = call(...args);
    if (name === "readSync") addCopy(args[1].buffer, undefined, result);
    if (name === "writeSync") addCopy(undefined, args[1].buffer, result);
    return result;
  };
}
syncBuiltinESMExports();

/** Counts the calls of `kernels`, those of the core first, and what is copied into and out of their memory. */
export function countKernels(kernels) {
  linearMemory ??= kernels.memory;
  for (const [name, kernel] of Object.entries(kernels)) {
    if (typeof kernel !== "function") continue;
    kernels[name] = (...args) => {
      add("kernel calls", name);
      return kernel(...args);
    };
  }
}

const requests = [
  "deleteSync",
  "getSync",
  "listSync",
  "lockSync",
  "openSync",
  "patchSync",
  "readIntoSync",
  "setRangeSync",
  "setSync",
  "sizeSync",
];

/** Counts the requests of a store, in place: the package knows its own stores by their class. */
export function countRequests(store) {
  for (const name of requests) {
    const request = store[name];
    if (request === undefined) continue;
    store[name] = (...args) => {
      add("store requests", name);
      const answer = request.apply(store, args);
      return name === "openSync" && answer !== undefined ? countReads(answer) : answer;
    };
  }
  return store;
}

function countReads(value) {
  const counted = { ...value };
  for (const name of ["read", "readInto", "version"]) {
    counted[name] = (...args) => {
      add("store requests", `openSync: ${name}`);
      return value[name](...args);
    };
  }
  return counted;
}

/** What `body` does, by group and name, both sorted. */
export function countWork(body) {
  counts = {};
  try {
    body();
    return sorted(counts, (group) => sorted(group, (count) => count));
  } finally {
    counts = undefined;
  }
}

function sorted(record, convert) {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.map((name) => [name, convert(record[name])]));
}
