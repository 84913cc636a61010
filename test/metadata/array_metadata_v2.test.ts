import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MetadataError } from "../../src/errors.js";
import { ChunkGrid } from "../../src/grid/chunk_grid.js";
import { type ArrayMetadata, documentsOf, withAttributes, withShape } from "../../src/metadata/array_metadata.js";
import { formatArrayMetadataV2, parseArrayMetadataV2 } from "../../src/metadata/array_metadata_v2.js";
import { type DataType, dataTypeFromOption } from "../../src/metadata/data_type.js";
import { formatJson, JsonNumber, type JsonObject, parseJson } from "../../src/metadata/json.js";
import { formatNamed } from "../../src/metadata/validate.js";
import { jsonType } from "../../src/metadata/variable_types.js";

const where = { field: "", key: "/a/.zarray" };
const attributesWhere = { field: "", key: "/a/.zattrs" };
const python = { nonFinite: true };

function documentText(changes: Readonly<Record<string, string | undefined>>): string {
  const fields = {
    chunks: "[5, 6]",
    compressor: "null",
    dtype: '"<f4"',
    fill_value: '"NaN"',
    filters: "null",
    order: '"C"',
    shape: "[10, 20]",
    zarr_format: "2",
    ...changes,
  };
  const members = Object.entries(fields).filter(([, text]) => text !== undefined);
  return `{${members.map(([name, text]) => `"${name}": ${text}`).join(", ")}}`;
}

function parse(changes: Readonly<Record<string, string | undefined>>, attributes?: string): ArrayMetadata {
  const document = parseJson(documentText(changes), where.key, python);
  const own = attributes === undefined ? undefined : parseJson(attributes, attributesWhere.key, python);
  return parseArrayMetadataV2(document, own, where, attributesWhere);
}

/** The chain as it would stand in zarr.json. */
function chain(changes: Readonly<Record<string, string | undefined>>): unknown {
  return parse(changes).codecs.map((codec) => JSON.parse(formatJson(formatNamed(codec), 0)));
}

function fill(dtype: string, fillValue: string, filters = "null"): unknown {
  const { dataType, fillValue: element } = parse({ dtype, fill_value: fillValue, filters });
  return dataType.decodeScalar(element);
}

function caught(body: () => unknown): MetadataError {
  try {
    body();
  } catch (error) {
    if (error instanceof MetadataError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("parseArrayMetadataV2", () => {
  test("reads what zarr-python 2 writes", () => {
    const metadata = parse({});
    expect(metadata).toEqual({
      zarrFormat: 2,
      documentName: ".zarray",
      shape: [10, 20],
      dataType: dataTypeFromOption("float32"),
      chunkGrid: new ChunkGrid([5, 6]),
      chunkKeyEncoding: { name: "v2", separator: "." },
      fillValue: Uint8Array.of(0, 0, 0xc0, 0x7f),
      hasNullFill: false,
      codecs: [],
      dimensionNames: undefined,
      attributes: new Map(),
      document: parseJson(documentText({})),
    });
  });

  test("separators, rank 0, attributes", () => {
    expect(parse({ dimension_separator: '"/"' }).chunkKeyEncoding.separator).toBe("/");
    expect(parse({ dimension_separator: '"."' }).chunkKeyEncoding.separator).toBe(".");
    expect(parse({ shape: "[]", chunks: "[]" })).toMatchObject({ shape: [], chunkGrid: { chunkShape: [] } });
    const { attributes } = parse({}, '{"a": NaN, "b": [18446744073709551615, -Infinity], "__proto__": 1}');
    expect(formatJson(attributes, 0)).toBe('{"a":NaN,"b":[18446744073709551615,-Infinity],"__proto__":1}');
  });

  test("an axis without elements may have chunks without elements", () => {
    expect(parse({ shape: "[0, 3]", chunks: "[0, 3]" }).chunkGrid.chunkShape).toEqual([1, 3]);
    expect(caught(() => parse({ shape: "[2, 3]", chunks: "[0, 3]" })).message).toContain(
      "Invalid chunks[0] in .zarray",
    );
  });

  test("unknown fields, and missing filters and compressor", () => {
    const metadata = parse({ filters: undefined, compressor: undefined, more: '{"x": NaN}', attributes: "1" });
    expect(metadata.codecs).toEqual([]);
    expect(metadata.attributes).toEqual(new Map());
    expect([...metadata.document.keys()]).toContain("more");
    expect(parse({ filters: "[]" }).codecs).toEqual([]);
  });

  test.each([
    ["zarr_format", undefined, "Invalid zarr_format in .zarray (expected 2; found nothing)"],
    ["zarr_format", "3", "Invalid zarr_format in .zarray (expected 2; found 3)"],
    ["zarr_format", "2.0", "Invalid zarr_format in .zarray (expected 2; found 2.0)"],
    ["shape", undefined, "Invalid shape in .zarray (expected an array; found nothing)"],
    ["shape", "[10, 2.5]", "Invalid shape[1] in .zarray (expected an integer >= 0; found 2.5)"],
    ["shape", "[NaN, 2]", "Invalid shape[0] in .zarray (expected an integer >= 0; found NaN)"],
    ["shape", "[1e400, 2]", "Invalid shape[0] in .zarray (expected an integer >= 0; found 1e400)"],
    ["shape", "[-1, 2]", "Invalid shape[0] in .zarray (expected an integer >= 0; found -1)"],
    ["shape", "[true, 2]", "Invalid shape[0] in .zarray (expected an integer >= 0; found true)"],
    ["shape", '["10", 2]', 'Invalid shape[0] in .zarray (expected an integer >= 0; found "10")'],
    [
      "shape",
      "[9007199254740991, 2]",
      "Invalid shape in .zarray (expected at most 9007199254740991 elements; found [9007199254740991, 2])",
    ],
    ["shape", `[${"1,".repeat(32)}1]`, "Invalid shape in .zarray (expected at most 32 dimensions; found 33)"],
    ["chunks", undefined, "Invalid chunks in .zarray (expected an array; found nothing)"],
    ["chunks", "true", "Invalid chunks in .zarray (expected an array; found true)"],
    ["chunks", "[5]", "Invalid chunks in .zarray (expected length 2, the rank of shape; found 1)"],
    ["chunks", "[5, 6, 1]", "Invalid chunks in .zarray (expected length 2, the rank of shape; found 3)"],
    ["chunks", '["1.5", 6]', 'Invalid chunks[0] in .zarray (expected an integer >= 0; found "1.5")'],
    ["chunks", "[1.5, 6]", "Invalid chunks[0] in .zarray (expected an integer >= 0; found 1.5)"],
    ["chunks", "[5, 0]", "Invalid chunks[1] in .zarray (expected an integer >= 1; found 0)"],
    [
      "chunks",
      "[18446744073709551616, 1]",
      "Invalid chunks[0] in .zarray (expected an integer >= 0; found 18446744073709551616)",
    ],
    ["dtype", undefined, "Invalid dtype in .zarray (expected a string; found nothing)"],
    ["dtype", '"<f3"', 'Unsupported numpy data type "<f3": dtype in .zarray'],
    [
      "dtype",
      '"|O"',
      'Unsupported array of objects without a filter: dtype in .zarray (expected filter "vlen-utf8" or',
    ],
    ["dtype", "{}", "Invalid dtype in .zarray (expected a string; found an object)"],
    ["order", undefined, 'Invalid order in .zarray (expected "C" or "F"; found nothing)'],
    ["order", '"A"', 'Invalid order in .zarray (expected "C" or "F"; found "A")'],
    ["dimension_separator", "null", 'Invalid dimension_separator in .zarray (expected "." or "/"; found null)'],
    ["dimension_separator", '"-"', 'Invalid dimension_separator in .zarray (expected "." or "/"; found "-")'],
    ["filters", "{}", "Invalid filters in .zarray (expected an array; found an object)"],
    ["filters", '["delta"]', 'Invalid filters[0] in .zarray (expected an object; found "delta")'],
    ["filters", "[{}]", "Invalid filters[0].id in .zarray (expected a string; found nothing)"],
    ["filters", '[{"id": ""}]', 'Invalid filters[0].id in .zarray (expected the name of a codec; found "")'],
    ["compressor", '"zlib"', 'Invalid compressor in .zarray (expected an object; found "zlib")'],
    ["compressor", '{"name": "zlib"}', "Invalid compressor.id in .zarray (expected a string; found nothing)"],
    ["compressor", '{"id": 1}', "Invalid compressor.id in .zarray (expected a string; found 1)"],
    ["fill_value", undefined, "Invalid fill_value in .zarray (expected a fill value or null; found nothing)"],
    ["fill_value", '"x"', "Invalid fill_value in .zarray (expected a number in the range of float32"],
    ["fill_value", "1e400", "Invalid fill_value in .zarray (expected a number in the range of float32"],
  ])("%s: %s", (field, text, message) => {
    const error = caught(() => parse({ [field]: text }));
    expect(error.message.replace("; key /a/.zarray", "")).toContain(message);
    expect(error.key).toBe("/a/.zarray");
  });

  test.each(["null", "[]", "1", '"x"'])("the document %s", (text) => {
    const error = caught(() => parseArrayMetadataV2(parseJson(text), undefined, where, attributesWhere));
    expect(error.message).toContain("Invalid .zarray (expected an object");
  });

  test("attributes that are no object", () => {
    const error = caught(() => parse({}, "[1]"));
    expect(error.message).toBe("Invalid .zattrs (expected an object; found an array; key /a/.zattrs)");
  });

  test.each(["pickle", "msgpack2", "categorize", "vlen-array"])("objects with filter %s", (id) => {
    const { code, message } = caught(() => parse({ dtype: '"|O"', filters: `[{"id": "${id}"}]`, fill_value: "0" }));
    expect([code, message]).toEqual([
      "UNSUPPORTED",
      `Unsupported array of objects with filter "${id}": dtype in .zarray (expected filter "vlen-utf8" or "vlen-bytes" or "json2"; key /a/.zarray)`,
    ]);
  });
});

describe("fill values", () => {
  test.each([
    ['"|b1"', "false", false],
    ['"|b1"', "1", true],
    ['"|b1"', "0.0", false],
    ['"<i2"', "-7", -7],
    ['"<i2"', "-7.0", -7],
    ['"<i2"', "1e2", 100],
    ['">u8"', "18446744073709551615", 18446744073709551615n],
    ['">f8"', "0.1", 0.1],
    ['"<f4"', "0", 0],
    ['"<f4"', "-0.0", -0],
    ['"<f4"', '"NaN"', Number.NaN],
    ['"<f4"', "NaN", Number.NaN],
    ['">f2"', "-Infinity", Number.NEGATIVE_INFINITY],
    ['"<f8"', '"Infinity"', Number.POSITIVE_INFINITY],
    ['"<c8"', '["NaN", 0.5]', [Number.NaN, 0.5]],
    ['">c16"', "[Infinity, -1]", [Number.POSITIVE_INFINITY, -1]],
    ['"<M8[s]"', "-9223372036854775808", -(2n ** 63n)],
    ['"<m8[D]"', '"NaT"', -(2n ** 63n)],
    ['"|S3"', '"YWI="', "ab"],
    ['"|S3"', '""', ""],
    ['"|S3"', "0", ""],
    ['">U3"', '"éa"', "éa"],
    ['"<U3"', "0", ""],
    ['"|V2"', '"AQI="', Uint8Array.of(1, 2)],
    ['"|V2"', "0", Uint8Array.of(0, 0)],
    ['[["a", ">i2"], ["b", "<i2"]]', '"AAECAA=="', { a: 1, b: 2 }],
    ['[["a", ">i2"], ["b", "<i2"]]', "0", { a: 0, b: 0 }],
  ])("%s %s", (dtype, fillValue, expected) => {
    expect(fill(dtype, fillValue)).toEqual(expected);
  });

  test.each([
    ["vlen-utf8", '"a"', "a"],
    ["vlen-utf8", '""', ""],
    ["vlen-utf8", "0", ""],
    ["vlen-utf8", "0.0", ""],
    ["vlen-bytes", '"AQI="', Uint8Array.of(1, 2)],
    ["vlen-bytes", '""', new Uint8Array(0)],
    ["vlen-bytes", "0", new Uint8Array(0)],
    ["json2", "0", 0],
    ["json2", '""', ""],
    ["json2", '{"a": [NaN]}', { a: [Number.NaN] }],
  ])("objects with %s: %s", (id, fillValue, expected) => {
    expect(fill('"|O"', fillValue, `[{"id": "${id}"}]`)).toEqual(expected);
  });

  test.each(['"<i4"', '"|b1"', '"<f8"', '"|S2"', '">U2"', '"<M8[s]"', '"|V3"', '[["a", "<i2"]]'])(
    "null: %s",
    (dtype) => {
      const { dataType, fillValue, hasNullFill } = parse({ dtype, fill_value: "null" });
      expect([hasNullFill, fillValue]).toEqual([true, dataType.defaultFill()]);
    },
  );

  test.each([
    ['"|b1"', "2"],
    ['"|b1"', "NaN"],
    ['"<i2"', "32768"],
    ['"<i2"', "1.5"],
    ['"<i2"', "NaN"],
    ['"<i2"', '"0"'],
    ['"<u2"', "-1"],
    ['"<c8"', "0"],
    ['"<c8"', "[0]"],
    ['"|S2"', '"YWJj"'],
    ['"|S2"', '"%"'],
    ['"<U2"', '"abc"'],
    ['"|V2"', '"AQ=="'],
    ['"<M8[s]"', "1.5"],
    ['[["a", "<i2"]]', '"AQ=="'],
    ['[["a", "<i2"]]', '{"a": 1}'],
    ['[["a", "<U1"]]', '"AAAR/w=="'],
  ])("refused: %s %s", (dtype, fillValue) => {
    const error = caught(() => parse({ dtype, fill_value: fillValue }));
    expect([error.code, error.message]).toEqual(["INVALID_METADATA", expect.stringContaining("Invalid fill_value")]);
  });
});

describe("chains", () => {
  const transpose = { name: "transpose", configuration: { order: [1, 0] } };
  const big = { name: "bytes", configuration: { endian: "big" } };

  test("order and byte order", () => {
    expect(chain({ order: '"F"' })).toEqual([transpose]);
    expect(chain({ dtype: '">f4"' })).toEqual([big]);
    expect(chain({ order: '"F"', dtype: '">f4"' })).toEqual([transpose, big]);
    expect(chain({ order: '"F"', shape: "[3]", chunks: "[2]" })).toEqual([]);
    expect(chain({ order: '"F"', shape: "[3, 4, 5]", chunks: "[2, 2, 2]" })).toEqual([
      { name: "transpose", configuration: { order: [2, 1, 0] } },
    ]);
    expect(chain({ dtype: '[["a", ">i4"]]', fill_value: "0" })).toEqual([]);
  });

  test("filters and compressor by the names of numcodecs", () => {
    expect(
      chain({
        filters: '[{"id": "shuffle", "elementsize": 4}]',
        compressor: '{"id": "zlib", "level": 1, "x": [1.50]}',
      }),
    ).toEqual([
      { name: "numcodecs.shuffle", configuration: { elementsize: 4 } },
      { name: "numcodecs.zlib", configuration: { level: 1, x: [1.5] } },
    ]);
    const objects = { dtype: '"|O"', fill_value: "0" };
    expect(chain({ ...objects, filters: '[{"id": "vlen-utf8"}]', compressor: '{"id": "bz2"}' })).toEqual([
      { name: "vlen-utf8" },
      { name: "numcodecs.bz2", configuration: {} },
    ]);
    expect(chain({ ...objects, filters: "null", compressor: '{"id": "vlen-bytes"}' })).toEqual([
      { name: "vlen-bytes" },
    ]);
    expect(chain({ ...objects, filters: '[{"id": "json2", "encoding": "utf-8"}]' })).toEqual([
      { name: "numcodecs.json2", configuration: { encoding: "utf-8" } },
    ]);
  });

  test("each codec knows its place", () => {
    const { codecs } = parse({ filters: '[{"id": "a"}, {"id": "b"}]', compressor: '{"id": "c"}' });
    expect(codecs.map((codec) => codec.where)).toEqual(
      ["filters[0]", "filters[1]", "compressor"].map((field) => ({ field, key: "/a/.zarray" })),
    );
  });

  const i4 = (order: string, filters: string) => chain({ dtype: `"${order}i4"`, fill_value: "0", filters });

  test("the stored byte order is that of the last filter's items", () => {
    const delta = (dtype: string, astype?: string) =>
      `{"id": "delta", "dtype": "${dtype}"${astype === undefined ? "" : `, "astype": "${astype}"`}}`;
    const plain = { name: "numcodecs.delta", configuration: { dtype: "<i4" } };
    expect(i4("<", `[${delta("<i4")}]`)).toEqual([plain]);
    expect(i4(">", `[${delta(">i4")}]`)).toEqual([plain, big]);
    expect(i4("<", `[${delta("<i4", ">i2")}]`)).toEqual([
      { name: "numcodecs.delta", configuration: { dtype: "<i4", astype: "<i2" } },
      big,
    ]);
    expect(i4(">", `[${delta(">i4", "|i1")}]`)).toEqual([
      { name: "numcodecs.delta", configuration: { dtype: "<i4", astype: "|i1" } },
    ]);
    expect(i4(">", `[${delta(">i4")}, {"id": "shuffle"}]`)).toEqual([
      plain,
      big,
      { name: "numcodecs.shuffle", configuration: {} },
    ]);
    expect(i4(">", '[{"id": "shuffle"}]')).toEqual([big, { name: "numcodecs.shuffle", configuration: {} }]);
    expect(i4(">", '[{"id": "astype", "decode_dtype": ">i4", "encode_dtype": "<i8"}]')).toEqual([
      { name: "numcodecs.astype", configuration: { decode_dtype: "<i4", encode_dtype: "<i8" } },
    ]);
    expect(i4(">", '[{"id": "quantize", "digits": 1, "dtype": ">i4", "astype": null}]')).toEqual([
      { name: "numcodecs.quantize", configuration: { digits: 1, dtype: "<i4", astype: null } },
      big,
    ]);
  });

  test.each([
    [
      ">",
      '[{"id": "delta", "dtype": "<i4"}]',
      'filter "delta" of little-endian items behind big-endian ones: filters[0]',
    ],
    [
      "<",
      '[{"id": "delta", "dtype": ">i4"}]',
      'filter "delta" of big-endian items behind little-endian ones: filters[0]',
    ],
    [
      "<",
      '[{"id": "delta", "dtype": "<i4", "astype": ">i4"}, {"id": "delta", "dtype": "<i4"}]',
      'filter "delta" of little-endian items behind big-endian ones: filters[1]',
    ],
    [">", '[{"id": "astype", "decode_dtype": "<i4"}]', 'filter "astype" of little-endian items behind big-endian ones'],
    ["<", '[{"id": "delta", "dtype": "x"}]', 'numpy data type "x": filters[0].dtype in .zarray'],
  ])("%s %s", (order, filters, message) => {
    expect(caught(() => i4(order, filters))).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining(`Unsupported ${message}`),
    });
  });

  test("json2 in order F", () => {
    const objects = { dtype: '"|O"', fill_value: "0", filters: '[{"id": "json2"}]', order: '"F"' };
    expect(caught(() => parse(objects)).message).toContain('Unsupported filter "json2" in order F: filters in .zarray');
    expect(parse({ ...objects, shape: "[3]", chunks: "[2]" }).codecs).toHaveLength(1);
  });
});

describe("changes", () => {
  test("withShape keeps every other field as it was written", () => {
    const metadata = parse({ x: "1.50", fill_value: "NaN" });
    const changed = withShape(metadata, [7, 0]);
    expect(formatJson(changed.document, 0)).toBe(
      formatJson(parseJson(documentText({ x: "1.50", fill_value: "NaN", shape: "[7, 0]" }), "", python), 0),
    );
    expect(changed.attributes).toBe(metadata.attributes);
  });

  test("a chunk length of 0 does not outlast its axis", () => {
    const changed = withShape(parse({ shape: "[0, 3]", chunks: "[0, 3]" }), [4, 3]);
    expect(formatJson(changed.document.get("chunks") ?? null, 0)).toBe("[1,3]");
  });

  test("withAttributes leaves the document alone", () => {
    const metadata = parse({}, '{"a": 1}');
    const changed = withAttributes(metadata, new Map([["b", true]]));
    expect(changed.document).toBe(metadata.document);
    expect([...documentsOf(changed)]).toEqual([
      [".zarray", metadata.document],
      [".zattrs", new Map([["b", true]])],
    ]);
  });
});

describe("formatArrayMetadataV2", () => {
  const length = (bytes: number) => ({ configuration: { length_bytes: bytes } });
  const time = { configuration: { unit: "ms", scale_factor: 10 } };
  const struct = {
    name: "struct",
    configuration: {
      fields: [
        { name: "a", data_type: "int16" },
        { name: "b", data_type: { name: "fixed_length_utf32", ...length(8) } },
      ],
    },
  } as const;
  const types: readonly DataType[] = [
    ...[
      "bool",
      "int8",
      "int16",
      "int64",
      "uint32",
      "float16",
      "float32",
      "float64",
      "complex64",
      "string",
      "bytes",
    ].map((name) => dataTypeFromOption(name as "bool")),
    jsonType,
    dataTypeFromOption({ name: "null_terminated_bytes", ...length(5) }),
    dataTypeFromOption({ name: "raw_bytes", ...length(3) }),
    dataTypeFromOption({ name: "fixed_length_utf32", ...length(12) }),
    dataTypeFromOption({ name: "numpy.datetime64", ...time }),
    dataTypeFromOption({ name: "numpy.timedelta64", ...time }),
    dataTypeFromOption(struct),
  ];

  /** An element of `dataType`, from bytes that may be anything where that is possible. */
  function elementOf(dataType: DataType, bytes: Uint8Array) {
    const canBeAny = !dataType.variable && !/float|complex|bool|utf32|struct|terminated/.test(dataType.name);
    return canBeAny ? bytes.slice(0, dataType.itemSize) : dataType.defaultFill();
  }

  const objectFilters: Readonly<Record<string, string>> = {
    string: "vlen-utf8",
    bytes: "vlen-bytes",
    json: "numcodecs.json2",
  };

  const arbitraryParts = fc
    .record({
      dataType: fc.constantFrom(...types),
      axes: fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 100 })), { maxLength: 4 }),
      byteOrder: fc.constantFrom("little" as const, "big" as const),
      order: fc.constantFrom("C" as const, "F" as const),
      separator: fc.constantFrom("." as const, "/" as const),
      isNull: fc.boolean(),
      bytes: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      level: fc.option(fc.nat(9), { nil: undefined }),
    })
    .map(({ dataType, axes, byteOrder, order, separator, isNull, bytes, level }) => {
      const filter = objectFilters[dataType.name];
      const named = (name: string, configuration: JsonObject = new Map()) => ({
        name,
        configuration,
        mustUnderstand: true,
      });
      return {
        shape: axes.map(([extent]) => extent),
        chunkShape: axes.map(([, chunk]) => chunk),
        dataType,
        byteOrder,
        order: dataType === jsonType ? ("C" as const) : order,
        separator,
        fillValue: isNull || dataType === jsonType ? null : elementOf(dataType, bytes),
        filters: filter === undefined ? [] : [named(filter)],
        compressor:
          level === undefined ? undefined : named("numcodecs.zlib", new Map([["level", new JsonNumber(`${level}`)]])),
      };
    });

  test("what is written is read back", () => {
    fc.assert(
      fc.property(arbitraryParts, (parts) => {
        const document = formatArrayMetadataV2(parts, where);
        const stored = parseJson(formatJson(document), where.key);
        const read = parseArrayMetadataV2(stored, new Map(), where, attributesWhere);
        expect(read).toMatchObject({ shape: parts.shape, chunkGrid: { chunkShape: parts.chunkShape }, document });
        expect(read.dataType.name).toBe(parts.dataType.name);
        expect(read.dataType.configuration).toEqual(parts.dataType.configuration);
        expect(read.hasNullFill).toBe(parts.fillValue === null);
        expect(read.fillValue).toEqual(parts.fillValue ?? parts.dataType.defaultFill());
        expect(read.chunkKeyEncoding).toEqual({ name: "v2", separator: parts.separator });
        const names = read.codecs.map(({ name }) => name);
        expect(names.includes("transpose")).toBe(parts.order === "F" && parts.shape.length > 1);
        expect(names.includes("bytes")).toBe(
          parts.byteOrder === "big" && parts.dataType.swapSize !== 1 && parts.dataType.fields === undefined,
        );
        expect(names.at(-1) === "numcodecs.zlib").toBe(parts.compressor !== undefined);
      }),
      { numRuns: 300 },
    );
  });

  test("fields in zarr-python's order", () => {
    const parts = {
      shape: [4],
      chunkShape: [2],
      dataType: dataTypeFromOption("int32"),
      byteOrder: "big",
      order: "F",
      separator: "/",
      fillValue: Uint8Array.of(7, 0, 0, 0),
      filters: [{ name: "numcodecs.delta", configuration: new Map([["astype", "<i2"]]), mustUnderstand: true }],
      compressor: {
        name: "numcodecs.zstd",
        configuration: new Map([["level", new JsonNumber("1")]]),
        mustUnderstand: true,
      },
    } as const;
    expect(formatJson(formatArrayMetadataV2(parts, where), 0)).toBe(
      '{"shape":[4],"chunks":[2],"dtype":">i4","fill_value":7,"order":"F",' +
        '"filters":[{"id":"delta","astype":">i2","dtype":">i4"}],"dimension_separator":"/",' +
        '"compressor":{"id":"zstd","level":1},"zarr_format":2}',
    );
  });

  const base = {
    shape: [],
    chunkShape: [],
    byteOrder: "big",
    order: "C",
    separator: ".",
    filters: [],
    compressor: undefined,
  } as const;
  const fillOf = (dataType: DataType, fillValue: Uint8Array): string =>
    formatJson(formatArrayMetadataV2({ ...base, dataType, fillValue }, where).get("fill_value") ?? null, 0);

  test("fill values as zarr-python writes them", () => {
    const nat = new Uint8Array(8).fill(0x80, 7);
    expect(fillOf(dataTypeFromOption({ name: "numpy.datetime64", ...time }), nat)).toBe("-9223372036854775808");
    expect(
      fillOf(dataTypeFromOption({ name: "null_terminated_bytes", ...length(4) }), Uint8Array.of(97, 98, 0, 0)),
    ).toBe('"YWI="');
    expect(fillOf(dataTypeFromOption({ name: "raw_bytes", ...length(2) }), Uint8Array.of(0, 1))).toBe('"AAE="');
    // As the fields are stored: big-endian.
    expect(fillOf(dataTypeFromOption(struct), Uint8Array.of(1, 2, 97, 0, 0, 0, 0, 0, 0, 0))).toBe('"AgEAAABhAAAAAA=="');
  });

  test("a NaN without a name", () => {
    const nan = Uint8Array.of(1, 0, 0xc0, 0x7f);
    const message = "Unsupported fill value 0x7fc00001 in Zarr v2: fill_value";
    expect(() => fillOf(dataTypeFromOption("float32"), nan)).toThrow(message);
    expect(() => fillOf(dataTypeFromOption("complex64"), Uint8Array.of(0, 0, 0, 0, ...nan))).toThrow(`${message}[1]`);
  });
});
