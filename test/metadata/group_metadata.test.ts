import { describe, expect, test } from "vitest";
import { withAttributes } from "../../src/metadata/array_metadata.js";
import { formatGroupMetadata, type GroupMetadata, parseGroupMetadata } from "../../src/metadata/group_metadata.js";
import { formatJson, parseJson } from "../../src/metadata/json.js";

const array = (dataType: string): string =>
  `{"zarr_format":3,"node_type":"array","shape":[4],"data_type":"${dataType}",` +
  `"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2]}},"chunk_key_encoding":{"name":"default"},` +
  `"fill_value":0,"codecs":[{"name":"bytes"}],"attributes":{}}`;
const group = '{"zarr_format":3,"node_type":"group","attributes":{"n":9007199254740993}}';

function parse(fields: string): GroupMetadata {
  return parseGroupMetadata(parseJson(`{"zarr_format":3,"node_type":"group"${fields}}`), "/g/zarr.json");
}

function consolidated(members: string): GroupMetadata {
  return parse(`,"consolidated_metadata":{"kind":"inline","must_understand":false,"metadata":{${members}}}`);
}

describe("parseGroupMetadata", () => {
  test("reads a minimal document", () => {
    const metadata = parse("");
    expect(metadata).toMatchObject({ zarrFormat: 3, attributes: new Map(), consolidated: undefined });
    expect(parse(',"consolidated_metadata":null').consolidated).toBeUndefined();
    expect(parse(',"consolidated_metadata":{"kind":"x","must_understand":false}').consolidated).toBeUndefined();
    expect(parse(',"extra":{"must_understand":false}').document.has("extra")).toBe(true);
  });

  test("reads consolidated metadata", () => {
    const nodes = consolidated(`"a":${array("int8")},"b/c/":${group},"/constructor":${array("uint16")}`).consolidated;
    expect([...(nodes ?? [])].map(([path, { nodeType }]) => [path, nodeType])).toEqual([
      ["/a", "array"],
      ["/b/c", "group"],
      ["/constructor", "array"],
    ]);
    expect(nodes?.get("/a")?.parse()).toMatchObject({ shape: [4], chunkGrid: { chunkShape: [2] } });
    expect(nodes?.get("/b/c")?.parse()).toMatchObject({ document: parseJson(group) });
  });

  test("one unreadable array does not make its group unreadable", () => {
    const nodes = consolidated(`"a/b":${array("int2")},"c":${array("int8")}`).consolidated;
    expect(nodes?.get("/c")?.parse()).toMatchObject({ zarrFormat: 3 });
    expect(() => nodes?.get("/a/b")?.parse()).toThrow(
      'Unsupported data type "int2": consolidated_metadata.metadata["a/b"].data_type in zarr.json',
    );
  });

  test.each([
    [
      '"../a"',
      'Invalid node path consolidated_metadata.metadata["../a"] in zarr.json (expected no segments made only of dots; found ".."',
    ],
    [
      '"a//b"',
      'Invalid node path consolidated_metadata.metadata["a//b"] in zarr.json (expected no empty segments; found ""',
    ],
    [
      '"%2E%2e"',
      'Invalid node path consolidated_metadata.metadata["%2E%2e"] in zarr.json (expected no segments made only of dots',
    ],
    ['"__a"', "Invalid node path consolidated_metadata.metadata.__a in zarr.json (expected no segments beginning with"],
    [
      '""',
      'Invalid node path consolidated_metadata.metadata[""] in zarr.json (expected one document for each descendant; found the group itself',
    ],
  ])("refuses the path %s", (name, message) => {
    expect(() => consolidated(`${name}:${group}`)).toThrow(
      expect.objectContaining({
        name: "MetadataError",
        code: "INVALID_PATH",
        message: expect.stringContaining(message),
      }),
    );
  });

  test("refuses two spellings of one path", () => {
    expect(() => consolidated(`"a":${group},"/a":${group}`)).toThrow(
      'Invalid node path consolidated_metadata.metadata["/a"] in zarr.json (expected one document for each descendant; found /a again; key /g/zarr.json)',
    );
  });

  test.each([
    [',"attributes":1', "Invalid attributes in zarr.json (expected an object; found 1; key /g/zarr.json)"],
    [
      ',"extra":{}',
      "Unknown field extra in zarr.json (expected only zarr_format, node_type, attributes, consolidated_metadata; key /g/zarr.json)",
    ],
    [
      ',"consolidated_metadata":[]',
      "Invalid consolidated_metadata in zarr.json (expected an object; found an array; key /g/zarr.json)",
    ],
    [
      ',"consolidated_metadata":{"metadata":{}}',
      "Invalid consolidated_metadata.kind in zarr.json (expected a string; found nothing; key /g/zarr.json)",
    ],
    [
      ',"consolidated_metadata":{"kind":"inline"}',
      "Invalid consolidated_metadata.metadata in zarr.json (expected an object; found nothing; key /g/zarr.json)",
    ],
    [
      ',"consolidated_metadata":{"kind":"other","metadata":{}}',
      'Unsupported consolidated metadata "other": consolidated_metadata in zarr.json (expected "inline"; key /g/zarr.json)',
    ],
    [
      ',"consolidated_metadata":{"kind":"inline","must_understand":0,"metadata":{}}',
      "Invalid consolidated_metadata.must_understand in zarr.json (expected true or false; found 0; key /g/zarr.json)",
    ],
    [
      ',"consolidated_metadata":{"kind":"inline","metadata":{"a":{}}}',
      'Invalid consolidated_metadata.metadata.a.node_type in zarr.json (expected "array" or "group"; found nothing; key /g/zarr.json)',
    ],
  ])("refuses %s", (fields, message) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ name: "MetadataError", message }));
  });

  test("refuses the document of an array", () => {
    expect(() => parseGroupMetadata(parseJson(array("int8")), "/zarr.json")).toThrow(
      'Invalid node_type in zarr.json (expected "group"; found "array"; key /zarr.json)',
    );
  });
});

test("formatGroupMetadata writes what is read back", () => {
  expect(formatJson(formatGroupMetadata({}), 0)).toBe('{"zarr_format":3,"node_type":"group","attributes":{}}');
  const metadata = consolidated(`"a":${array("int8")},"b/c":${group}`);
  const document = formatGroupMetadata(metadata);
  expect(formatJson(document, 0)).toBe(
    '{"zarr_format":3,"node_type":"group","attributes":{},"consolidated_metadata":' +
      `{"kind":"inline","must_understand":false,"metadata":{"a":${array("int8")},"b/c":${group}}}}`,
  );
  const changed = withAttributes(metadata, new Map([["x", true]]));
  expect(changed.consolidated).toBe(metadata.consolidated);
  expect(formatJson(changed.document, 0)).toContain('"attributes":{"x":true}');
});
