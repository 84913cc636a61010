import { describe, expect, test } from "vitest";
import { MetadataError } from "../../src/errors.js";
import {
  formatConsolidatedV2,
  formatGroupMetadataV2,
  parseConsolidatedV2,
  parseGroupMetadataV2,
} from "../../src/metadata/group_metadata_v2.js";
import { formatJson, parseJson } from "../../src/metadata/json.js";

const where = { field: "", key: "/g/.zgroup" };
const attributesWhere = { field: "", key: "/g/.zattrs" };
const consolidatedWhere = { field: "", key: "/g/.zmetadata" };
const parse = (text: string, attributes?: string) =>
  parseGroupMetadataV2(
    parseJson(text),
    attributes === undefined ? undefined : parseJson(attributes),
    where,
    attributesWhere,
  );

test("a group", () => {
  expect(parse('{"zarr_format": 2, "more": 1}', '{"a": 1}')).toEqual({
    zarrFormat: 2,
    documentName: ".zgroup",
    attributes: parseJson('{"a": 1}'),
    consolidated: undefined,
    document: parseJson('{"zarr_format": 2, "more": 1}'),
  });
  expect(parse('{"zarr_format": 2}').attributes).toEqual(new Map());
  expect(formatJson(formatGroupMetadataV2(), 0)).toBe('{"zarr_format":2}');
});

test.each([
  ["{}", undefined, "Invalid zarr_format in .zgroup (expected 2; found nothing; key /g/.zgroup)"],
  ['{"zarr_format": 3}', undefined, "Invalid zarr_format in .zgroup (expected 2; found 3; key /g/.zgroup)"],
  ["[]", undefined, "Invalid .zgroup (expected an object; found an array; key /g/.zgroup)"],
  ['{"zarr_format": 2}', "1", "Invalid .zattrs (expected an object; found 1; key /g/.zattrs)"],
])("%s %s", (text, attributes, message) => {
  expect(() => parse(text, attributes)).toThrow(MetadataError);
  expect(() => parse(text, attributes)).toThrow(message);
});

describe("consolidated metadata", () => {
  const array =
    '{"zarr_format":2,"shape":[4],"chunks":[2],"dtype":"<i2","fill_value":0,"order":"C","filters":null,"compressor":null}';
  const group = '{"zarr_format":2}';
  const consolidated = (members: string) =>
    parseConsolidatedV2(parseJson(`{"zarr_consolidated_format":1,"metadata":{${members}}}`), consolidatedWhere);

  test("gives every descendant, with its attributes", () => {
    const nodes = consolidated(
      `".zgroup":${group},".zattrs":{"own":1},"a/.zarray":${array},"a/.zattrs":{"u":"K"},"b/.zgroup":${group},"/b/c/.zarray":${array},"d/.zattrs":{}`,
    );
    expect([...nodes].map(([path, { nodeType }]) => [path, nodeType])).toEqual([
      ["/a", "array"],
      ["/b", "group"],
      ["/b/c", "array"],
    ]);
    expect(nodes.get("/a")?.parse()).toMatchObject({ shape: [4], attributes: new Map([["u", "K"]]) });
    expect(nodes.get("/b")?.parse()).toMatchObject({ documentName: ".zgroup", consolidated: undefined });
    expect(nodes.get("/b/c")?.parse()).toMatchObject({ zarrFormat: 2, attributes: new Map() });
  });

  test("an array wins over a group, names with a dot are no nodes", () => {
    const nodes = consolidated(
      `"a/.zgroup":${group},"a/.zarray":${array},".hidden/.zarray":${array},"b/.c/.zgroup":${group}`,
    );
    expect([...nodes].map(([path, { nodeType }]) => [path, nodeType])).toEqual([["/a", "array"]]);
  });

  test("one unreadable array does not make its group unreadable", () => {
    const nodes = consolidated(`"a/.zarray":{"zarr_format":2},"b/.zarray":${array}`);
    expect(nodes.get("/b")?.parse()).toMatchObject({ shape: [4] });
    expect(() => nodes.get("/a")?.parse()).toThrow(
      'Invalid metadata["a/.zarray"].shape in .zmetadata (expected an array; found nothing; key /g/.zmetadata)',
    );
  });

  test.each([
    ['"../a/.zarray":{}', "INVALID_PATH", 'Invalid node path metadata["../a/.zarray"] in .zmetadata'],
    ['"a//b/.zarray":{}', "INVALID_PATH", 'Invalid node path metadata["a//b/.zarray"] in .zmetadata'],
    ['"a/zarr.json/.zarray":{}', "INVALID_PATH", "Invalid node path"],
    [
      '"a/.zarray":{},"/a/.zarray":{}',
      "INVALID_PATH",
      'metadata["/a/.zarray"] in .zmetadata (expected each document once; found /a/.zarray again',
    ],
    ['"a/.zarray":1', "INVALID_METADATA", 'Invalid metadata["a/.zarray"] in .zmetadata (expected an object; found 1'],
  ])("%s", (members, code, message) => {
    expect(() => consolidated(members)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [
      "{}",
      "UNSUPPORTED",
      "Unsupported consolidated metadata nothing: zarr_consolidated_format in .zmetadata (expected 1",
    ],
    ['{"zarr_consolidated_format":2,"metadata":{}}', "UNSUPPORTED", "Unsupported consolidated metadata 2"],
    [
      '{"zarr_consolidated_format":1}',
      "INVALID_METADATA",
      "Invalid metadata in .zmetadata (expected an object; found nothing",
    ],
    ["[]", "INVALID_METADATA", "Invalid .zmetadata (expected an object; found an array"],
  ])("the document %s", (text, code, message) => {
    expect(() => parseConsolidatedV2(parseJson(text), consolidatedWhere)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test("what is written is read back", () => {
    const text = `{"metadata":{".zgroup":${group},"a/.zarray":${array}},"zarr_consolidated_format":1}`;
    const documents = new Map([
      [".zgroup", formatGroupMetadataV2()],
      ["a/.zarray", consolidated(`"a/.zarray":${array}`).get("/a")!.document],
    ]);
    expect(formatJson(formatConsolidatedV2(documents), 0)).toBe(text);
  });
});
