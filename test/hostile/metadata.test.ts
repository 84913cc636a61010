/**
 * Rows M1 to M5: documents that no array can have, under every way of opening one; and what `createArray` is asked for.
 *
 * M1 numbers in shapes, M2 how many of them and their product, M3 the JSON itself, M4 names that are special in JavaScript, M5 fill values.
 */

import { beforeAll, describe, expect, test } from "vitest";
import {
  type CreateArrayOptions,
  createArraySync,
  type ErrorCode,
  init,
  LatencyStore,
  MemoryStore,
  MetadataError,
  open,
  openArray,
  openArraySync,
  openGroupSync,
  openSync,
  SyncodecError,
} from "../../src/index.js";
import { formatJson } from "../../src/metadata/json.js";
import { chainOf, codecSamples } from "../codecs/samples.js";
import { syncodecError } from "../codecs/support.js";
import { namedSamples } from "../support/data_types.js";

beforeAll(() => init());

const key = "/a/zarr.json";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Fields of a good document as JSON. */
const good: Readonly<Record<string, string>> = {
  zarr_format: "3",
  node_type: '"array"',
  shape: "[4, 6]",
  data_type: '"float32"',
  chunk_grid: '{"name": "regular", "configuration": {"chunk_shape": [2, 3]}}',
  chunk_key_encoding: '"default"',
  fill_value: "1.5",
  codecs: '["bytes"]',
};

function documentOf(changes: Readonly<Record<string, string>> = {}): string {
  const fields = Object.entries({ ...good, ...changes });
  return `{${fields.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(", ")}}`;
}

const chunkShape = (text: string): Record<string, string> => ({
  chunk_grid: `{"name": "regular", "configuration": {"chunk_shape": ${text}}}`,
});

/** Every way of opening refuses the document; then the good one opens. */
async function expectRefused(text: string | Uint8Array, code: ErrorCode = "INVALID_METADATA"): Promise<void> {
  const store = new MemoryStore();
  const remote = new LatencyStore(store);
  const document = typeof text === "string" ? encode(text) : text;
  const ways: readonly (() => unknown)[] = [
    () => openSync(store, { path: "a" }),
    () => openArraySync(store, { path: "a" }),
    () => open(store, { path: "a" }),
    () => openArray(remote, { path: "a", pipeline: "batched" }),
  ];
  for (const way of ways) {
    store.setSync(key, document);
    let error: unknown;
    try {
      await way();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(MetadataError);
    if (!(error instanceof SyncodecError)) continue;
    expect(error).toMatchObject({ code, key });
    expect(error.message).toContain(`key ${key}`);
    store.setSync(key, encode(documentOf()));
    expect(openArraySync(store, { path: "a" }).getSync([3, 5])).toBe(1.5);
  }
}

function expectOpens(text: string): void {
  expect(openArraySync(new Map([[key, encode(text)]]), { path: "a" }).path).toBe("/a");
}

describe("M1", () => {
  const numbers = [
    "NaN",
    "1e400",
    "-1",
    "1.5",
    '"10"',
    "18446744073709551616",
    "null",
    "true",
    "[]",
    "2.0",
    "1e1",
    '"NaN"',
  ];
  test.each(numbers)("a shape of %s", async (number) => {
    await expectRefused(documentOf({ shape: `[4, ${number}]` }));
    await expectRefused(documentOf({ shape: number }));
  });
  test.each([...numbers, "0", "-0"])("a chunk shape of %s", async (number) => {
    await expectRefused(documentOf(chunkShape(`[2, ${number}]`)));
  });
  test.each([...numbers, "0", "4"])("an inner chunk shape of %s", async (number) => {
    const configuration = `{"chunk_shape": [1, ${number}], "codecs": ["bytes"], "index_codecs": ["bytes"]}`;
    await expectRefused(documentOf({ codecs: `[{"name": "sharding_indexed", "configuration": ${configuration}}]` }));
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 2 ** 53, 2 ** 64])(
    "createArray with a length of %d",
    (length) => {
      const create = (options: Partial<CreateArrayOptions>) => () =>
        createArraySync(new Map(), { shape: [4], chunkShape: [2], dataType: "int8", ...options });
      for (const options of [{ shape: [length] }, { chunkShape: [length] }, { chunkShape: [1], shardShape: [length] }])
        expect(syncodecError(create(options)).code).toMatch(/INVALID_METADATA|INVALID_ARGUMENT/);
    },
  );
});

describe("M2", () => {
  test("rank 33", async () => {
    const shape = `[${Array(33).fill(1).join(", ")}]`;
    await expectRefused(documentOf({ shape, ...chunkShape(shape) }));
    await expectRefused(documentOf(chunkShape(shape)));
    const codecs = `["bytes", {"name": "transpose", "configuration": {"order": ${shape}}}]`;
    await expectRefused(documentOf({ codecs }));
  });
  test.each(["[4294967296, 4294967296]", "[9007199254740991, 2]", `[${Array(32).fill("1000000").join()}]`])(
    "a product beyond 2^53: %s",
    async (shape) => {
      await expectRefused(documentOf({ shape }));
      await expectRefused(documentOf(chunkShape(shape)));
    },
  );
  test("a chunk beyond 2 GiB", async () => {
    await expectRefused(documentOf(chunkShape("[1048576, 1048576]")), "UNSUPPORTED");
  });
  test("an array of 2^53 - 1 elements opens, and answers for each", () => {
    const store = new Map([[key, encode(documentOf({ shape: "[1, 9007199254740991]" }))]]);
    const array = openArraySync(store, { path: "a" });
    expect(array.getSync([0, 2 ** 53 - 2])).toBe(1.5);
    expect(array.getSync([0, -1])).toBe(1.5);
  });
  test("ranks that differ", async () => {
    await expectRefused(documentOf(chunkShape("[2]")));
    await expectRefused(documentOf({ dimension_names: '["x"]' }));
    await expectRefused(documentOf({ codecs: '["bytes", {"name": "transpose", "configuration": {"order": [0]}}]' }));
  });
});

describe("M3", () => {
  test.each([
    ["arrays 100,000 deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["objects 100,000 deep", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["attributes 100,000 deep", documentOf({ attributes: `{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}` })],
    ["duplicate names", documentOf().replace("{", '{"shape": [4, 6], ')],
    ["duplicate names in attributes", documentOf({ attributes: '{"a": 1, "\\u0061": 2}' })],
    ["a byte order mark", `\ufeff${documentOf()}`],
    ["nothing", ""],
    ["half a document", documentOf().slice(0, 100)],
    ["two documents", documentOf() + documentOf()],
    ["no object", "[]"],
  ])("%s", async (_, text) => {
    await expectRefused(text);
  });
  test("invalid UTF-8, and UTF-16", async () => {
    const document = encode(documentOf());
    await expectRefused(document.with(30, 0xff));
    await expectRefused(Uint8Array.from(Buffer.from(documentOf(), "utf16le")));
  });
});

describe("M4", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"];
  test.each(names)("%s as codec, data type, chunk grid or key encoding", async (name) => {
    const quoted = JSON.stringify(name);
    for (const text of [quoted, `{"name": ${quoted}}`, `{"name": ${quoted}, "configuration": {${quoted}: 1}}`]) {
      await expectRefused(documentOf({ codecs: `[${text}]` }), "UNKNOWN_CODEC");
      for (const field of ["data_type", "chunk_grid", "chunk_key_encoding"])
        await expectRefused(documentOf({ [field]: text }), "UNSUPPORTED");
    }
    await expectRefused(documentOf({ storage_transformers: `[${quoted}]` }), "UNSUPPORTED");
  });
  test.each(names)("%s as a field or a member of a configuration", async (name) => {
    const quoted = JSON.stringify(name);
    await expectRefused(documentOf({ [name]: "1" }));
    await expectRefused(documentOf({ codecs: `[{"name": "bytes", "configuration": {${quoted}: {}}}]` }));
    await expectRefused(documentOf({ codecs: `[{"name": "bytes", ${quoted}: {}}]` }));
  });
  test.each(names)("%s as a member of the configuration of any codec or data type", async (name) => {
    const quoted = JSON.stringify(name);
    for (const [codec, { small, dataTypes = ["uint16"] }] of Object.entries(codecSamples)) {
      const [dataType] = dataTypes;
      const codecs = JSON.stringify(chainOf(codec, small));
      const data_type = JSON.stringify(dataType);
      const fill_value = dataType === "bool" ? "false" : "0";
      const chunks = { shape: "[2, 3]", ...chunkShape("[2, 3]"), data_type, fill_value };
      const member = codecs.replace(`${JSON.stringify(codec)},"configuration":{`, `$&${quoted}:{},`).replace(",}", "}");
      expectOpens(documentOf({ ...chunks, codecs }));
      await expectRefused(documentOf({ ...chunks, codecs: member }));
    }
    for (const [, { option, type }] of namedSamples) {
      const { name: dataType, configuration = {} } = typeof option === "string" ? { name: option } : option;
      const members = Object.entries(configuration).map(([field, value]) => `"${field}":${JSON.stringify(value)}`);
      const textOf = (all: readonly string[]) =>
        documentOf({
          data_type: `{"name":"${dataType}","configuration":{${all.join()}}}`,
          fill_value: formatJson(type.formatFill(type.defaultFill()), 0),
          codecs: '[{"name": "bytes", "configuration": {"endian": "little"}}]',
        });
      expectOpens(textOf(members));
      await expectRefused(textOf([...members, `${quoted}:1`]));
    }
  });
  test.each(names)("%s as the name of a struct's field is a name like any other", (name) => {
    const quoted = JSON.stringify(name);
    const field = `{"name": ${quoted}, "data_type": "int16"}`;
    const text = (fields: string, fill: string) =>
      documentOf({
        data_type: `{"name": "struct", "configuration": {"fields": [${fields}]}}`,
        fill_value: fill,
        codecs: '[{"name": "bytes", "configuration": {"endian": "little"}}]',
      });
    const store = new MemoryStore([
      [key, encode(text(`${field}, {"name": "b", "data_type": "int16"}`, `{${quoted}: 7, "b": 8}`))],
    ]);
    const array = openArraySync<"struct">(store, { path: "a" });
    const record = array.getSync([0, 0]);
    expect(Object.keys(record)).toEqual([name, "b"]);
    expect(Object.getOwnPropertyDescriptor(record, name)?.value).toBe(7);
    array.setSync([0, 0], JSON.parse(`{${quoted}: 9, "b": 10}`));
    expect(Object.getOwnPropertyDescriptor(array.getSync([0, 0]), name)?.value).toBe(9);
    const withoutIt = new MemoryStore([[key, encode(text('{"name": "b", "data_type": "int16"}', '{"b": 8}'))]]);
    const plain = openArraySync<"struct">(withoutIt, { path: "a" });
    expect(() => plain.setSync([0, 0], JSON.parse(`{${quoted}: 9, "b": 10}`))).toThrow(/no field/);
    expect(() => array.setSync([0, 0], JSON.parse('{"b": 10}'))).toThrow(TypeError);
  });
  test.each(names)("%s in the place of a struct's field, or its data type", async (name) => {
    const quoted = JSON.stringify(name);
    const structOf = (fields: string) => `{"name": "struct", "configuration": {"fields": [${fields}]}}`;
    const field = `{"name": ${quoted}, "data_type": "int8"}`;
    const refused = [`{"name": "a", "data_type": "int8", ${quoted}: 1}`, `${field}, ${field}`, `{${quoted}: "int8"}`];
    for (const fields of refused) await expectRefused(documentOf({ data_type: structOf(fields), fill_value: '""' }));
    const unknown = structOf(`{"name": "a", "data_type": ${quoted}}`);
    await expectRefused(documentOf({ data_type: unknown, fill_value: '""' }), "UNSUPPORTED");
    for (const fill_value of [`{${quoted}: 1}`, `{"a": 1, ${quoted}: 1}`, "{}"])
      await expectRefused(documentOf({ data_type: structOf('{"name": "a", "data_type": "int8"}'), fill_value }));
  });
  test("as attributes they are values like any other", () => {
    const attributes = `{${names.map((name) => `${JSON.stringify(name)}: {"polluted": true}`).join(", ")}}`;
    const store = new Map([[key, encode(documentOf({ attributes }))]]);
    const found = openArraySync(store, { path: "a" }).attributes;
    expect(Object.keys(found)).toEqual(names);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
  });
  test("as names of nodes they are names, but for those that begin with __", () => {
    const node = '{"zarr_format": 3, "node_type": "group"}';
    const groupOf = (name: string) =>
      `{"zarr_format": 3, "node_type": "group", "consolidated_metadata": {"kind": "inline", "metadata": {"${name}": ${node}}}}`;
    for (const name of names.slice(1)) {
      const store = new Map([["/zarr.json", encode(groupOf(name))]]);
      expect(openGroupSync(store).membersSync()).toMatchObject([{ path: `/${name}` }]);
    }
    const store = new Map([["/zarr.json", encode(groupOf("__proto__"))]]);
    expect(syncodecError(() => openGroupSync(store))).toMatchObject({ code: "INVALID_PATH", key: "/zarr.json" });
  });
});

describe("M5", () => {
  const zeros = [
    "0",
    "-0",
    "0.0",
    "-0.0",
    "0e5",
    "0E-400",
    "0.000",
    '"0"',
    '"0x00000000"',
    '"0x80000000"',
    "1e-400",
    "1e-46",
  ];
  test.each(zeros)("a scale of %s", async (scale) => {
    const chains = [
      `[{"name": "scale_offset", "configuration": {"offset": 1, "scale": ${scale}}}, "bytes"]`,
      `[{"name": "numcodecs.fixedscaleoffset", "configuration": {"offset": 1, "scale": ${scale}, "dtype": "<f4"}}, "bytes"]`,
    ];
    for (const codecs of chains) await expectRefused(documentOf({ codecs }));
  });
  test.each([
    ["numpy.datetime64", '{"unit": "s", "scale_factor": 0}'],
    ["numpy.datetime64", '{"unit": "s", "scale_factor": -0}'],
    ["numpy.timedelta64", '{"unit": "s", "scale_factor": 2147483648}'],
    ["numpy.timedelta64", '{"unit": "parsec", "scale_factor": 1}'],
    ["numpy.timedelta64", "{}"],
    ["raw_bytes", '{"length_bytes": -1}'],
    ["raw_bytes", '{"length_bytes": 1e400}'],
    ["null_terminated_bytes", '{"length_bytes": 1.5}'],
    ["fixed_length_utf32", '{"length_bytes": 6}'],
    ["fixed_length_utf32", '{"length_bytes": "8"}'],
    ["struct", '{"fields": []}'],
    ["struct", '{"fields": {}}'],
    ["struct", "{}"],
  ])("%s with %s", async (name, configuration) => {
    await expectRefused(documentOf({ data_type: `{"name": "${name}", "configuration": ${configuration}}` }));
  });
  test("a struct 10,000 deep, and one of more bytes than a chunk can have", async () => {
    const open = '{"name": "struct", "configuration": {"fields": [{"name": "a", "data_type": ';
    await expectRefused(documentOf({ data_type: `${open.repeat(10_000)}"int8"${"}]}}".repeat(10_000)}` }));
    const wide = '{"name": "raw_bytes", "configuration": {"length_bytes": 1073741824}}';
    const fields = ["a", "b", "c"].map((name) => `{"name": "${name}", "data_type": ${wide}}`).join();
    const struct = `{"name": "struct", "configuration": {"fields": [${fields}]}}`;
    const store = new MemoryStore([[key, encode(documentOf({ data_type: struct, fill_value: '""' }))]]);
    expect(syncodecError(() => openArraySync(store, { path: "a" })).code).toMatch(/INVALID_METADATA|UNSUPPORTED/);
  });
  test.each([
    ["uint8", ["256", "-1", "1.0", "1e0", '"1"', "null", "true", "[1]", "1e400"]],
    ["int64", ["9223372036854775808", "-9223372036854775809", "1.5", `1${"0".repeat(1000)}`]],
    ["uint64", ["18446744073709551616", "-1", "-0.0"]],
    ["float16", ["65520", "1e5", "1e400", '"0x7e0"', '"0x7e000"', '"nan"', "true"]],
    ["float32", ["3.5e38", "1e400", "-1e400", '"0x7fc0000g"', '"infinity"', "null", "{}"]],
    ["float64", ["1e309", '"0x7ff8"', '"+Infinity"']],
    ["bool", ["2", "-1", '"true"', "1.0", "null"]],
    ["bfloat16", ["1e39", '"0x7fc"', '"0x7fc00000"', "null", "[1]"]],
    ["complex64", ["[1]", "[1, 2, 3]", "[1, null]", '[1, "nan"]', "[1e39, 0]", "{}", '"1+2j"']],
    ["complex128", ["[1]", '[1, "0x7fc00000"]', "[[1], 2]", "[1e400, 0]", "null"]],
    ["r16", ["[1]", "[1, 2, 3]", "[1, 256]", "[1, -1]", "[1, 0.5]", "null", '"0x0001"']],
    ["string", ["1", "null", "[]", "{}", "true"]],
    ["bytes", ["1", "null", "[256]", "[-1]", "[0.5]", "{}", '"*"', '"AQI"']],
  ])("fill values of %s", async (dataType, values) => {
    for (const fill_value of values)
      await expectRefused(documentOf({ data_type: JSON.stringify(dataType), fill_value }));
  });
});
