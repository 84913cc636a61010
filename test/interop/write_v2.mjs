/**
 * Writes a family of Zarr v2 arrays and groups with syncodec (from dist/) into a folder, with an expected.json for verify.py.
 *
 *     node test/interop/write_v2.mjs FOLDER
 *
 * Every array gets a whole write, then a part of it through a fresh handle; some grow and shrink. A plain JavaScript array takes the same
 * writes; the lines that `dump` would print of it are the expectation.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createArraySync,
  createGroupSync,
  init,
  openArraySync,
  openGroupSync,
  StructArray,
  slice,
} from "../../dist/index.js";
import { LocalStore } from "../../dist/node.js";
import { cStride, product, toJson } from "./support.mjs";

// ---- data types ---------------------------------------------------------------------------------------------------------
// `dtypes` are the little-endian and the big-endian one in .zarray; `of` gives element i.

const number = (value) => (Number.isFinite(value) ? (Object.is(value, -0) ? "-0" : `${value}`) : `"${value}"`);
const floats = [Number.NaN, -0, 1.5, Number.POSITIVE_INFINITY, -2.25, Number.NEGATIVE_INFINITY, 0.5];
const cycle = (values) => (i) => values[i % values.length];
const texts = ["", "a", "é😀", "abc"];
const integer = (code, minimum, maximum) => ({
  dtypes: code.endsWith("1") ? [`|${code}`, `|${code}`] : [`<${code}`, `>${code}`],
  of: cycle([minimum, maximum, 0, 1, 2, 3].map((value) => (code.endsWith("8") ? BigInt(value) : Number(value)))),
  line: String,
});
const base64 = (bytes) => JSON.stringify(Buffer.from(bytes).toString("base64"));
const sized = (name, length) => ({ name, configuration: { length_bytes: length } });
const time = (name) => ({ name, configuration: { unit: "s", scale_factor: 10 } });
const bytes = [Uint8Array.of(1, 2, 255), Uint8Array.of(0, 0, 0), Uint8Array.of(97, 0, 98)];

const types = {
  bool: { dtypes: ["|b1", "|b1"], of: (i) => i % 3 === 0, line: String },
  int8: integer("i1", -128n, 127n),
  int16: integer("i2", -(2n ** 15n), 2n ** 15n - 1n),
  int32: integer("i4", -(2n ** 31n), 2n ** 31n - 1n),
  int64: integer("i8", -(2n ** 63n), 2n ** 63n - 1n),
  uint8: integer("u1", 255n, 128n),
  uint16: integer("u2", 2n ** 16n - 1n, 2n ** 15n),
  uint32: integer("u4", 2n ** 32n - 1n, 2n ** 31n),
  uint64: integer("u8", 2n ** 64n - 1n, 2n ** 63n),
  float32: { dtypes: ["<f4", ">f4"], of: cycle(floats), line: number },
  float64: { dtypes: ["<f8", ">f8"], of: cycle(floats), line: number },
  complex64: {
    dtypes: ["<c8", ">c8"],
    of: (i) => [floats[i % 7], floats[(i * 3) % 7]],
    line: (pair) => `[${pair.map(number)}]`,
  },
  complex128: { dtypes: ["<c16", ">c16"], of: (i) => [i, -i / 4], line: (pair) => `[${pair.map(number)}]` },
  datetime: {
    option: time("numpy.datetime64"),
    dtypes: ["<M8[10s]", ">M8[10s]"],
    of: cycle([-(2n ** 63n), 5n, -7n]),
    line: String,
  },
  timedelta: {
    option: time("numpy.timedelta64"),
    dtypes: ["<m8[10s]", ">m8[10s]"],
    of: cycle([1n, -(2n ** 63n)]),
    line: String,
  },
  text: { option: sized("fixed_length_utf32", 16), dtypes: ["<U4", ">U4"], of: cycle(texts), line: JSON.stringify },
  ascii: {
    option: sized("null_terminated_bytes", 3),
    dtypes: ["|S3", "|S3"],
    of: cycle(["", "a", "bcÿ"]),
    line: JSON.stringify,
  },
  raw: { option: sized("raw_bytes", 3), dtypes: ["|V3", "|V3"], of: cycle(bytes), line: base64 },
  struct: {
    option: {
      name: "struct",
      configuration: {
        fields: [
          { name: "x", data_type: "float64" },
          { name: "n", data_type: "int16" },
          { name: "t", data_type: sized("fixed_length_utf32", 8) },
        ],
      },
    },
    dtypes: [
      ["<", ">"].map((order) => [
        ["x", `${order}f8`],
        ["n", `${order}i2`],
        ["t", `${order}U2`],
      ]),
    ].flat(),
    of: (i) => ({ x: i / 4, n: -i, t: ["", "ü", "ab"][i % 3] }),
    line: ({ x, n, t }) => `{"x":${number(x)},"n":${n},"t":${JSON.stringify(t)}}`,
  },
  string: { dtypes: ["|O", "|O"], of: cycle([...texts, "two\nlines", "x".repeat(300)]), line: JSON.stringify },
  bytes: { dtypes: ["|O", "|O"], of: cycle([...bytes, new Uint8Array(0)]), line: base64 },
};

// ---- features -----------------------------------------------------------------------------------------------------------

const compressors = [
  [],
  [{ name: "zlib", configuration: { level: 1 } }],
  ["zstd"],
  [{ name: "gzip", configuration: { level: 2 } }],
  ["lz4"],
  ["blosc"],
  [{ name: "blosc", configuration: { cname: "zstd", clevel: 3, shuffle: "bitshuffle" } }],
  [{ name: "numcodecs.blosc", configuration: { cname: "lz4hc", shuffle: -1 } }],
];
const geometries = [
  { shape: [5, 7], chunkShape: [3, 2] },
  { shape: [11], chunkShape: [4] },
  { shape: [3, 4, 5], chunkShape: [2, 3, 5] },
  { shape: [6, 4], chunkShape: [6, 4] },
];
const attributes = { "uint64 max": 2n ** 64n - 1n, "not a number": Number.NaN, nested: { list: [1, null, "µ"] } };

/** Filters with the data types they are for, and whether the items may be big-endian. */
const filters = [
  ["int32", ["delta"]],
  ["int32", [{ name: "delta", configuration: { astype: "<i8" } }, "shuffle"]],
  ["int16", [{ name: "numcodecs.delta", configuration: { dtype: "<i2" } }, "crc32"]],
  [
    "float64",
    [{ name: "fixedscaleoffset", configuration: { offset: 0, scale: 4, astype: "<i4" } }, "delta"],
    [1.5, -2.25, 0, 8],
  ],
  ["float64", [{ name: "quantize", configuration: { digits: 3, astype: "<f4" } }], [1.5, -2.25, 0, 8]],
  ["float64", [{ name: "astype", configuration: { encode_dtype: "<f4" } }], [1.5, -2.25, 0, 8]],
  ["bool", ["packbits"]],
  ["float32", [{ name: "bitround", configuration: { keepbits: 20 } }], [1.5, -2.25, 0, 8]],
  ["uint16", ["shuffle", "adler32"]],
  ["uint16", ["crc32c"]],
  ["uint16", ["fletcher32"]],
  ["uint16", ["jenkins_lookup3"]],
  ["string", ["vlen-utf8", "crc32"]],
];

// ---- the writes ---------------------------------------------------------------------------------------------------------

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node test/interop/write_v2.mjs FOLDER");
mkdirSync(folder, { recursive: true });
const store = new LocalStore(folder);
const expected = [];

/** A chunk that holds `elements`, of the kind that `array` takes. */
function toChunk(array, elements, shape) {
  const { data } = array.getSync(shape.map((extent) => slice(0, extent)));
  elements.forEach((element, i) => {
    if (data instanceof StructArray) data.set(i, element);
    else if (Array.isArray(data)) data[i] = element;
    else if (Array.isArray(element) || element instanceof Uint8Array) data.set(element, i * element.length);
    else data[i] = element;
  });
  return { data, shape, stride: cStride(shape) };
}

/** Every index of `shape`, in C order. */
function* indices(shape) {
  for (let i = 0; i < product(shape); i++)
    yield cStride(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]);
}

function record(path, type, { shape }, elements, isBig, rest) {
  expected.push({
    path: path.slice(1),
    zarrFormat: 2,
    dtype: type.dtypes[isBig ? 1 : 0],
    shape,
    lines: elements.map(type.line),
    attributes: {},
    ...rest,
  });
}

function writeArray(name, typeName, { isBig = false, values, fill, ...options }) {
  const type = values === undefined ? types[typeName] : { ...types[typeName], of: cycle(values) };
  const path = `/arrays/${name}`;
  const serializer = isBig ? { serializer: { name: "bytes", configuration: { endian: "big" } } } : {};
  const dataType = type.option ?? typeName;
  const fillOption = fill === undefined ? {} : { fillValue: fill };
  const array = createArraySync(store, { path, zarrFormat: 2, dataType, ...serializer, ...fillOption, ...options });
  const { shape } = options;
  const elements = Array.from({ length: product(shape) }, (_, i) => type.of(i));
  array.setSync(null, toChunk(array, elements, shape));
  // All but the first of every axis, again, one element on.
  const inner = shape.map((extent) => extent - 1);
  const again = Array.from({ length: product(inner) }, (_, i) => type.of(i + 1));
  const fresh = openArraySync(store, { path });
  fresh.setSync(
    shape.map((extent) => slice(1, extent)),
    toChunk(fresh, again, inner),
  );
  const stride = cStride(shape);
  [...indices(inner)].forEach((index, i) => {
    elements[index.reduce((sum, at, axis) => sum + (at + 1) * stride[axis], 0)] = again[i];
  });
  record(path, type, options, elements, isBig, {
    ...(fill === null ? { fill: null } : {}),
    ...(options.attributes && { attributes }),
  });
}

function writeTypes() {
  let count = 0;
  for (const [typeName, { dtypes }] of Object.entries(types)) {
    for (const memoryLayout of ["C", "F"]) {
      const isBig = dtypes[0] !== dtypes[1] && count % 4 > 1;
      writeArray(`${String(count).padStart(2, "0")}-${typeName}`, typeName, {
        ...geometries[count % geometries.length],
        memoryLayout,
        isBig,
        compressors: compressors[count % compressors.length],
        chunkKeyEncoding: { name: "v2", separator: count % 3 === 0 ? "/" : "." },
        ...(count % 5 === 0 ? { attributes } : {}),
        ...(count % 6 === 1 ? { fill: null } : {}),
      });
      count++;
    }
  }
}

function writeFilters() {
  filters.forEach(([typeName, list, values], i) => {
    for (const isBig of types[typeName].dtypes[0] === types[typeName].dtypes[1] ? [false] : [false, true]) {
      writeArray(`filter-${i}-${isBig ? "big" : "little"}`, typeName, {
        ...geometries[i % geometries.length],
        filters: list,
        isBig,
        memoryLayout: i % 2 === 0 ? "C" : "F",
        compressors: i % 3 === 0 ? ["zlib"] : [],
        ...(values && { values }),
      });
    }
  });
}

/** Missing chunks, chunks that become empty, and arrays that change their shape. */
function writeChanges() {
  const { int32 } = types;
  const options = { zarrFormat: 2, dataType: "int32", shape: [6, 4], chunkShape: [4, 3] };
  for (const fillValue of [7, null]) {
    const path = `/changes/fill-${fillValue}`;
    const array = createArraySync(store, { ...options, path, fillValue });
    array.setSync([slice(0, 4), slice(0, 3)], 5);
    array.setSync([slice(4, 6), null], 5);
    array.setSync([slice(4, 6), null], fillValue ?? 0);
    const fill = fillValue ?? 0;
    const elements = Array.from(indices(options.shape), ([y, x]) => (y < 4 && x < 3 ? 5 : fill));
    record(path, int32, options, elements, false, {
      fill: fillValue,
      keys: fillValue === null ? ["0.0", "1.0", "1.1"] : ["0.0"],
    });
  }
  const path = "/changes/shape";
  const array = createArraySync(store, { ...options, path, fillValue: -1, memoryLayout: "F", compressors: ["zstd"] });
  array.setSync(null, 3);
  array.resizeSync([3, 4]);
  array.appendSync({ data: Int32Array.of(1, 2, 3, 4), shape: [1, 4], stride: [4, 1] });
  array.resizeSync([5, 5]);
  array.setAttributesSync(attributes);
  const rows = [
    [3, 3, 3, 3, -1],
    [3, 3, 3, 3, -1],
    [3, 3, 3, 3, -1],
    [1, 2, 3, 4, -1],
    [-1, -1, -1, -1, -1],
  ];
  record(path, int32, { shape: [5, 5] }, rows.flat(), false, { fill: -1, attributes });
}

function writeGroups() {
  createGroupSync(store, { path: "/tree", zarrFormat: 2, attributes });
  createArraySync(store, {
    path: "/tree/a/b",
    zarrFormat: 2,
    dataType: "uint8",
    shape: [3],
    chunkShape: [2],
    attributes,
  }).setSync(null, 7);
  createGroupSync(store, { path: "/tree/a/empty", zarrFormat: 2, attributes: { n: 1 } });
  openGroupSync(store, { path: "/tree" }).consolidateMetadataSync();
  const members = { a: {}, "a/b": attributes, "a/empty": { n: 1 } };
  expected.push({ path: "tree", kind: "group", zarrFormat: 2, attributes, members });
  expected.push({ path: "tree/a", kind: "group", zarrFormat: 2, attributes: {} });
  record("/tree/a/b", types.uint8, { shape: [3] }, [7, 7, 7], false, { attributes });
  createGroupSync(store, { path: "/tree3", attributes: { n: 2 } });
  createArraySync(store, { path: "/tree3/a/b", dataType: "uint8", shape: [3], chunkShape: [2], attributes: { n: 3 } });
  openGroupSync(store, { path: "/tree3" }).consolidateMetadataSync();
  expected.push({ path: "tree3", kind: "group", attributes: { n: 2 }, members: { a: {}, "a/b": { n: 3 } } });
}

await init();
createGroupSync(store, { zarrFormat: 2 });
writeTypes();
writeFilters();
writeChanges();
writeGroups();
writeFileSync(join(folder, "expected.json"), toJson(expected));
console.log(`${expected.length} nodes written`);
