import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, MetadataError } from "../../src/errors.js";
import { ChunkGrid } from "../../src/grid/chunk_grid.js";
import {
  type ArrayMetadata,
  type ArrayMetadataParts,
  formatArrayMetadata,
  parseArrayMetadata,
  withAttributes,
  withShape,
} from "../../src/metadata/array_metadata.js";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { formatJson, fromPlain, type JsonObject, parseJson } from "../../src/metadata/json.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";

const key = "/a/zarr.json";

/** The fields of a legal document as JSON text. */
const legal: Readonly<Record<string, string>> = {
  zarr_format: "3",
  node_type: '"array"',
  shape: "[10, 20]",
  data_type: '"float32"',
  chunk_grid: '{"name": "regular", "configuration": {"chunk_shape": [5, 6]}}',
  chunk_key_encoding: '"default"',
  fill_value: '"NaN"',
  codecs: '[{"name": "bytes", "configuration": {"endian": "little"}}]',
};

/** A rectilinear grid; `configuration` is its text without the kind. */
function rectilinear(configuration: string): string {
  return `{"name": "rectilinear", "configuration": {"kind": "inline", ${configuration}}}`;
}

/** The legal document with some fields replaced, added, or (undefined) left out. */
function documentText(changes: Readonly<Record<string, string | undefined>>): string {
  const fields = Object.entries({ ...legal, ...changes }).filter(([, text]) => text !== undefined);
  return `{${fields.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(", ")}}`;
}

function parse(changes: Readonly<Record<string, string | undefined>>): ArrayMetadata {
  return parseArrayMetadata(parseJson(documentText(changes)), key);
}

function attributesOf(value: unknown): JsonObject {
  const json = fromPlain(value);
  if (json instanceof Map) return json;
  throw new TypeError("not an object");
}

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("did not throw");
}

describe("parseArrayMetadata", () => {
  test("reads a minimal document", () => {
    const metadata = parse({});
    expect(metadata).toEqual({
      zarrFormat: 3,
      documentName: "zarr.json",
      shape: [10, 20],
      dataType: dataTypeByName("float32"),
      chunkGrid: new ChunkGrid([5, 6]),
      chunkKeyEncoding: { name: "default", separator: "/" },
      fillValue: Uint8Array.of(0, 0, 0xc0, 0x7f),
      hasNullFill: false,
      codecs: [{ name: "bytes", configuration: new Map([["endian", "little"]]), mustUnderstand: true }],
      dimensionNames: undefined,
      attributes: new Map(),
      document: parseJson(documentText({})),
    });
  });

  test("reads a rank-0 array, bare names, dimension names and attributes", () => {
    const metadata = parse({
      shape: "[]",
      chunk_grid: '{"name": "regular", "configuration": {"chunk_shape": []}}',
      chunk_key_encoding: '{"name": "v2"}',
      codecs: '["bytes", {"name": "x", "must_understand": false}]',
      dimension_names: "[]",
      attributes: '{"__proto__": 1, "constructor": 18446744073709551615}',
      storage_transformers: "[]",
    });
    expect(metadata.shape).toEqual([]);
    expect(metadata.chunkKeyEncoding).toEqual({ name: "v2", separator: "." });
    expect(metadata.codecs).toEqual([
      { name: "bytes", configuration: new Map(), mustUnderstand: true },
      { name: "x", configuration: new Map(), mustUnderstand: false },
    ]);
    expect(metadata.dimensionNames).toEqual([]);
    expect(formatJson(metadata.attributes, 0)).toBe('{"__proto__":1,"constructor":18446744073709551615}');
    expect(parse({ dimension_names: '["x", null]' }).dimensionNames).toEqual(["x", null]);
    expect(parse({ dimension_names: "null" }).dimensionNames).toBeUndefined();
    expect(parse({ shape: "[0, 9007199254740991]" }).shape).toEqual([0, 9007199254740991]);
    expect(parse({ shape: "[-0, 1]" }).shape).toEqual([0, 1]);
  });

  test("reads rectilinear grids", () => {
    const lengths = (text: string): unknown =>
      parse({ chunk_grid: rectilinear(`"chunk_shapes": ${text}`) }).chunkGrid.axes.map((axis) => axis.lengths);
    expect(lengths("[4, [6, 6, 6, 2]]")).toEqual([4, [[6, 3], 2]]);
    expect(lengths("[[10], [[1, 3], 3, [7, 2], 1]]")).toEqual([[10], [[1, 3], 3, [7, 2], 1]]);
    // More chunks than the array has, also whole ones, as many as can be counted.
    expect(lengths("[[4, 4, 4, 4], [[1, 9007199254740991]]]")).toEqual([[[4, 4]], [[1, 9007199254740991]]]);
    const chunk_grid = rectilinear('"chunk_shapes": [], "x": {"must_understand": false}');
    expect(parse({ shape: "[]", chunk_grid }).chunkGrid.chunkShape).toEqual([]);
    expect(
      parse({ shape: "[0, 3]", chunk_grid: rectilinear('"chunk_shapes": [[2], 3]') }).chunkGrid.chunkShape,
    ).toEqual([2, 3]);
  });

  test.each([
    ["zarr_format", undefined, "Invalid zarr_format in zarr.json (expected 3; found nothing)"],
    ["zarr_format", "2", "Invalid zarr_format in zarr.json (expected 3; found 2)"],
    ["zarr_format", "3.0", "Invalid zarr_format in zarr.json (expected 3; found 3.0)"],
    ["zarr_format", '"3"', 'Invalid zarr_format in zarr.json (expected 3; found "3")'],
    ["node_type", undefined, 'Invalid node_type in zarr.json (expected "array"; found nothing)'],
    ["node_type", '"group"', 'Invalid node_type in zarr.json (expected "array"; found "group")'],
    ["shape", undefined, "Invalid shape in zarr.json (expected an array; found nothing)"],
    ["shape", "10", "Invalid shape in zarr.json (expected an array; found 10)"],
    ["shape", "[10, 2.5]", "Invalid shape[1] in zarr.json (expected an integer >= 0; found 2.5)"],
    ["shape", "[10, 2.0]", "Invalid shape[1] in zarr.json (expected an integer >= 0; found 2.0)"],
    ["shape", "[1e1, 2]", "Invalid shape[0] in zarr.json (expected an integer >= 0; found 1e1)"],
    ["shape", "[1e400, 2]", "Invalid shape[0] in zarr.json (expected an integer >= 0; found 1e400)"],
    ["shape", "[-1, 2]", "Invalid shape[0] in zarr.json (expected an integer >= 0; found -1)"],
    ["shape", "[true, 2]", "Invalid shape[0] in zarr.json (expected an integer >= 0; found true)"],
    ["shape", '["10", 2]', 'Invalid shape[0] in zarr.json (expected an integer >= 0; found "10")'],
    ["shape", '["NaN", 2]', 'Invalid shape[0] in zarr.json (expected an integer >= 0; found "NaN")'],
    ["shape", "[null, 2]", "Invalid shape[0] in zarr.json (expected an integer >= 0; found null)"],
    ["shape", "[[1], 2]", "Invalid shape[0] in zarr.json (expected an integer >= 0; found an array)"],
    [
      "shape",
      "[18446744073709551616, 0]",
      "Invalid shape[0] in zarr.json (expected an integer >= 0; found 18446744073709551616)",
    ],
    [
      "shape",
      "[9007199254740991, 2]",
      "Invalid shape in zarr.json (expected at most 9007199254740991 elements; found [9007199254740991, 2])",
    ],
    ["shape", `[${"1,".repeat(32)}1]`, "Invalid shape in zarr.json (expected at most 32 dimensions; found 33)"],
    [
      "data_type",
      undefined,
      "Invalid data_type in zarr.json (expected a name or an object with a name; found nothing)",
    ],
    ["data_type", '""', 'Invalid data_type in zarr.json (expected a name; found "")'],
    [
      "chunk_grid",
      undefined,
      "Invalid chunk_grid in zarr.json (expected a name or an object with a name; found nothing)",
    ],
    [
      "chunk_grid",
      '"regular"',
      "Invalid chunk_grid.configuration.chunk_shape in zarr.json (expected an array; found nothing)",
    ],
    [
      "chunk_grid",
      '{"name": "regular", "configuration": {"chunk_shape": [5, 0]}}',
      "Invalid chunk_grid.configuration.chunk_shape[1] in zarr.json (expected an integer >= 1; found 0)",
    ],
    [
      "chunk_grid",
      '{"name": "regular", "configuration": {"chunk_shape": [5]}}',
      "Invalid chunk_grid.configuration.chunk_shape in zarr.json (expected length 2, the rank of shape; found 1)",
    ],
    [
      "chunk_grid",
      '{"name": "regular", "configuration": {"chunk_shape": [4294967296, 4294967296]}}',
      "Invalid chunk_grid.configuration.chunk_shape in zarr.json (expected at most 9007199254740991 elements; found [4294967296, 4294967296])",
    ],
    [
      "chunk_grid",
      '{"name": "regular", "configuration": {"chunk_shape": [5, 5], "x": 1}}',
      "Unknown field chunk_grid.configuration.x in zarr.json (expected only chunk_shape)",
    ],
    [
      "chunk_grid",
      '{"name": "regular", "configuration": {"chunk_shape": [5, 5]}, "must_understand": false}',
      "Invalid chunk_grid.must_understand in zarr.json (expected true; found false)",
    ],
    [
      "chunk_grid",
      '"rectilinear"',
      "Invalid chunk_grid.configuration.kind in zarr.json (expected a string; found nothing)",
    ],
    [
      "chunk_grid",
      '{"name": "rectilinear", "configuration": {"kind": "inline"}}',
      "Invalid chunk_grid.configuration.chunk_shapes in zarr.json (expected an array; found nothing)",
    ],
    [
      "chunk_grid",
      rectilinear('"chunk_shapes": [5, 5], "encoded_chunk_shapes": [6, 6]'),
      "Unknown field chunk_grid.configuration.encoded_chunk_shapes in zarr.json (expected only kind, chunk_shapes)",
    ],
    ...[
      ["[[10]]", "", "length 2, the rank of shape", "1"],
      ["[[10], [20], [1]]", "", "length 2, the rank of shape", "3"],
      ["[[10], 0]", "[1]", "an integer >= 1", "0"],
      ["[[10], 2.5]", "[1]", "an integer >= 1", "2.5"],
      ['["3", [20]]', "[0]", "an integer >= 1", '"3"'],
      ["[null, [20]]", "[0]", "an integer >= 1", "null"],
      ["[[10], []]", "[1]", "at least one chunk length", "0"],
      ["[[10, 0], [20]]", "[0][1]", "an integer >= 1", "0"],
      ["[[10, -1], [20]]", "[0][1]", "an integer >= 1", "-1"],
      ["[[10, 1.5], [20]]", "[0][1]", "an integer >= 1", "1.5"],
      ["[[10.0], [20]]", "[0][0]", "an integer >= 1", "10.0"],
      ['[["3", 7], [20]]', "[0][0]", "an integer >= 1", '"3"'],
      ["[[10], [[20]]]", "[1][0]", "a length and a count", "1"],
      ["[[10], [[5, 2, 2]]]", "[1][0]", "a length and a count", "3"],
      ["[[10], [[5, 0], 20]]", "[1][0][1]", "an integer >= 1", "0"],
      ["[[10], [[0, 5], 20]]", "[1][0][0]", "an integer >= 1", "0"],
      ["[[10], [[5, [2]], 20]]", "[1][0][1]", "an integer >= 1", "an array"],
      ["[[10], [[1, 1000000000000000000]]]", "[1][0][1]", "an integer >= 1", "1000000000000000000"],
      ["[[10], [[1, 1e18]]]", "[1][0][1]", "an integer >= 1", "1e18"],
      [
        "[[10], [[1, 9007199254740991], 1]]",
        "[1]",
        "chunk lengths whose sum is at most 9007199254740991",
        "9007199254740992",
      ],
      [
        "[[10], [[4294967296, 4294967296]]]",
        "[1]",
        "chunk lengths whose sum is at most 9007199254740991",
        "18446744073709552000",
      ],
      ["[[4, 5], [20]]", "[0]", "chunk lengths whose sum is at least 10, as shape says", "9"],
      ["[[10], [[1, 19]]]", "[1]", "chunk lengths whose sum is at least 20, as shape says", "19"],
      ["[[4294967296], [1, 4294967296]]", "", "at most 9007199254740991 elements", "[4294967296, 4294967296]"],
    ].map(([text, field, expected, found]): [string, string, string] => [
      "chunk_grid",
      rectilinear(`"chunk_shapes": ${text}`),
      `Invalid chunk_grid.configuration.chunk_shapes${field} in zarr.json (expected ${expected}; found ${found})`,
    ]),
    [
      "chunk_key_encoding",
      '{"name": "default", "configuration": {"separator": "-"}}',
      'Invalid chunk_key_encoding.configuration.separator in zarr.json (expected "/" or "."; found "-")',
    ],
    [
      "chunk_key_encoding",
      '{"name": "default", "configuration": null}',
      "Invalid chunk_key_encoding.configuration in zarr.json (expected an object; found null)",
    ],
    [
      "fill_value",
      undefined,
      'Invalid fill_value in zarr.json (expected a number in the range of float32, "NaN", "Infinity", "-Infinity" or "0x" and 8 hexadecimal digits; found nothing)',
    ],
    ["codecs", undefined, "Invalid codecs in zarr.json (expected an array; found nothing)"],
    ["codecs", "[1]", "Invalid codecs[0] in zarr.json (expected a name or an object with a name; found 1)"],
    ["codecs", "[{}]", "Invalid codecs[0].name in zarr.json (expected a string; found nothing)"],
    [
      "codecs",
      '[{"name": "bytes", "must_understand": 0}]',
      "Invalid codecs[0].must_understand in zarr.json (expected true or false; found 0)",
    ],
    [
      "codecs",
      '[{"name": "bytes", "id": 1}]',
      "Unknown field codecs[0].id in zarr.json (expected only name, configuration, must_understand)",
    ],
    ["attributes", "[]", "Invalid attributes in zarr.json (expected an object; found an array)"],
    ["attributes", "null", "Invalid attributes in zarr.json (expected an object; found null)"],
    [
      "dimension_names",
      '["x"]',
      "Invalid dimension_names in zarr.json (expected length 2, the rank of shape; found 1)",
    ],
    ["dimension_names", '["x", 1]', "Invalid dimension_names[1] in zarr.json (expected a string or null; found 1)"],
    ["dimension_names", '"xy"', 'Invalid dimension_names in zarr.json (expected an array; found "xy")'],
    ["storage_transformers", "{}", "Invalid storage_transformers in zarr.json (expected an array; found an object)"],
  ])("%s: %s", (field, text, message) => {
    const error = caught(() => parse({ [field]: text }));
    expect(error).toBeInstanceOf(MetadataError);
    expect(error).toMatchObject({ code: "INVALID_METADATA", key, message: message.replace(/\)$/, `; key ${key})`) });
  });

  test.each([
    [
      "chunk_grid",
      '"__proto__"',
      'Unsupported chunk grid "__proto__": chunk_grid in zarr.json (expected "regular" or "rectilinear"',
    ],
    [
      "chunk_grid",
      '{"name": "rectilinear", "configuration": {"kind": "array", "path": "x"}}',
      'Unsupported kind "array": chunk_grid.configuration.kind in zarr.json (expected "inline"',
    ],
    [
      "chunk_key_encoding",
      '"toString"',
      'Unsupported chunk key encoding "toString": chunk_key_encoding in zarr.json (expected "default" or "v2"',
    ],
    [
      "data_type",
      '"constructor"',
      'Unsupported data type "constructor": data_type in zarr.json (expected one of bool, int8',
    ],
    ["storage_transformers", '["x"]', 'Unsupported storage transformer "x": storage_transformers[0] in zarr.json (key'],
  ])("%s: %s is unsupported", (field, text, message) => {
    const error = caught(() => parse({ [field]: text }));
    expect(error).toBeInstanceOf(MetadataError);
    expect(error).toMatchObject({ code: "UNSUPPORTED", key, message: expect.stringContaining(message) });
  });

  test.each(["1", "null", "{}", '{"must_understand": true}', '{"must_understand": "false"}', "[]"])(
    "an unknown field %s is refused",
    (text) => {
      for (const name of ["extra", "__proto__", "toString", "constructor"]) {
        expect(() => parse({ [name]: text })).toThrow(
          `Unknown field ${name} in zarr.json (expected only zarr_format, `,
        );
      }
    },
  );

  test("an unknown field that need not be understood is kept", () => {
    const extra = '{"must_understand": false, "x": 1.0}';
    const metadata = parse({ extra, storage_transformers: '[{"name": "x", "must_understand": false}]' });
    expect(formatJson(metadata.document)).toBe(
      formatJson(parseJson(documentText({ extra, storage_transformers: '[{"name": "x", "must_understand": false}]' }))),
    );
  });

  test.each(["[]", "null", "3", '"x"'])("the document %s is refused", (text) => {
    expect(() => parseArrayMetadata(parseJson(text), key)).toThrow("Invalid zarr.json (expected an object; found ");
  });

  test("names the place inside another document", () => {
    const where = { field: 'consolidated_metadata.metadata["a/b"]', key: "/zarr.json" };
    expect(() => parseArrayMetadata(parseJson(documentText({ shape: "[1, -1]" })), where)).toThrow(
      'Invalid consolidated_metadata.metadata["a/b"].shape[1] in zarr.json (expected an integer >= 0; found -1; key /zarr.json)',
    );
  });
});

describe("formatArrayMetadata", () => {
  const dimension = fc.integer({ min: 1, max: 100 });
  const run = fc.tuple(dimension, fc.integer({ min: 1, max: 5 }));
  const listed = fc.array(fc.oneof(dimension, run), { minLength: 1, maxLength: 4 }).map((list) => [...list, 100]);
  const arbitraryParts: fc.Arbitrary<ArrayMetadataParts> = fc
    .tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(...numericTypes))
    .chain(([rank, dataType]) => {
      const perAxis = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
        fc.array(item, { minLength: rank, maxLength: rank });
      return fc.record({
        shape: perAxis(fc.nat(100)),
        dataType: fc.constant(dataType),
        chunkGrid: perAxis(fc.oneof(dimension, listed)).map((lengths) => new ChunkGrid(lengths)),
        chunkKeyEncoding: fc.record({ name: fc.constantFrom("default", "v2"), separator: fc.constantFrom("/", ".") }),
        fillValue: fc
          .uint8Array({ minLength: dataType.itemSize, maxLength: dataType.itemSize })
          .map((bytes) => (dataType.name === "bool" ? bytes.map((byte) => byte & 1) : bytes)),
        codecs: fc.array(
          fc.record({
            name: fc.string({ minLength: 1 }),
            configuration: fc.dictionary(fc.string(), fc.jsonValue()).map(attributesOf),
            mustUnderstand: fc.boolean(),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        dimensionNames: fc.option(perAxis(fc.option(fc.string())), { nil: undefined }),
        attributes: fc.dictionary(fc.string(), fc.jsonValue()).map(attributesOf),
      });
    });

  test("what is written is read back", () => {
    fc.assert(
      fc.property(arbitraryParts, (parts) => {
        const document = formatArrayMetadata(parts);
        const read = parseArrayMetadata(parseJson(formatJson(document)), key);
        expect(read).toEqual({ ...parts, zarrFormat: 3, documentName: "zarr.json", hasNullFill: false, document });
        expect(formatJson(formatArrayMetadata(read))).toBe(formatJson(document));
      }),
    );
  });

  test("writes the canonical document", () => {
    const metadata = parse({
      codecs: '["bytes", "crc32c"]',
      dimension_names: '["y", "x"]',
      attributes: '{"b": 1.0, "a": 2}',
    });
    expect(formatJson(formatArrayMetadata(metadata), 0)).toBe(
      '{"zarr_format":3,"node_type":"array","shape":[10,20],"data_type":"float32",' +
        '"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[5,6]}},' +
        '"chunk_key_encoding":{"name":"default","configuration":{"separator":"/"}},' +
        '"fill_value":"NaN","codecs":[{"name":"bytes"},{"name":"crc32c"}],"attributes":{"b":1.0,"a":2},"dimension_names":["y","x"]}',
    );
  });
});

test("a grid is written as it was read; equal chunks make a regular one", () => {
  const written = (text: string): string =>
    formatJson(
      formatArrayMetadata(parse({ chunk_grid: rectilinear(`"chunk_shapes": ${text}`) })).get("chunk_grid")!,
      0,
    );
  expect(written("[7, [[6, 3], 2]]")).toBe(
    '{"name":"rectilinear","configuration":{"kind":"inline","chunk_shapes":[7,[[6,3],2]]}}',
  );
  expect(written("[[5, 5], [6, 7, 7]]")).toBe(
    '{"name":"rectilinear","configuration":{"kind":"inline","chunk_shapes":[[[5,2]],[6,[7,2]]]}}',
  );
  expect(written("[5, 6]")).toBe('{"name":"regular","configuration":{"chunk_shape":[5,6]}}');
});

describe("changes", () => {
  const extra = '{"must_understand": false, "x": 1.50}';

  test("withShape keeps every other field as it was written", () => {
    const metadata = parse({ extra });
    const changed = withShape(metadata, [7, 0]);
    expect(changed.shape).toEqual([7, 0]);
    expect(formatJson(changed.document, 0)).toBe(formatJson(parseJson(documentText({ shape: "[7, 0]", extra })), 0));
    expect(metadata.shape).toEqual([10, 20]);
    expect(parseArrayMetadata(changed.document, key)).toEqual(changed);
  });

  test.each([[[1]], [[1, 2, 3]], [[1, -1]], [[1, 1.5]], [[1, Number.NaN]], [[2 ** 53, 1]], [[2 ** 40, 2 ** 40]]])(
    "withShape refuses %j",
    (shape) => {
      const error = caught(() => withShape(parse({}), shape));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT", found: `[${shape.join(", ")}]` });
    },
  );

  test("withShape goes to the end of the chunks of a rectilinear grid, which stays as it was written", () => {
    const chunk_grid = rectilinear('"chunk_shapes": [[5, 5, [4, 1]], 6]');
    const metadata = parse({ chunk_grid });
    const changed = withShape(metadata, [14, 1000]);
    expect(formatJson(changed.document, 0)).toBe(
      formatJson(parseJson(documentText({ shape: "[14, 1000]", chunk_grid })), 0),
    );
    expect(parseArrayMetadata(changed.document, key)).toEqual(changed);
    const error = caught(() => withShape(metadata, [15, 20]));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Shape reaches beyond the chunks of axis 0 (expected at most 14; found 15)",
    });
  });

  test("withAttributes keeps every other field as it was written", () => {
    const metadata = parse({ attributes: '{"a": 1}', extra });
    const changed = withAttributes(metadata, attributesOf({ b: 2n ** 60n }));
    expect(formatJson(changed.document, 0)).toBe(
      formatJson(parseJson(documentText({ attributes: '{"b": 1152921504606846976}', extra })), 0),
    );
    expect(metadata.document.get("attributes")).toEqual(attributesOf({ a: 1 }));
    expect(parseArrayMetadata(changed.document, key)).toEqual(changed);
  });
});
