import { expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { ancestors, isMetadataPath, joinKey, normalizePath } from "../../src/metadata/node_path.js";

test.each([
  ["", "/"],
  ["/", "/"],
  ["a", "/a"],
  ["/a", "/a"],
  ["a/b/", "/a/b"],
  ["/a/b/", "/a/b"],
  ["a.b/.c/_d/e..f", "/a.b/.c/_d/e..f"],
  ["100%/a%20b/t_0:1", "/100%/a%20b/t_0:1"],
  ["é/ x", "/é/ x"],
  ["a\tb", "/a\tb"],
  ["chr1:1000/https", "/chr1:1000/https"],
])("%j is %j", (path, normalized) => {
  expect(normalizePath(path)).toBe(normalized);
});

test.each([
  [".", "no segments made only of dots", "."],
  ["a/../b", "no segments made only of dots", ".."],
  ["a/...", "no segments made only of dots", "..."],
  ["%2e%2E/a", "no segments made only of dots", "%2e%2E"],
  [".%2e", "no segments made only of dots", ".%2e"],
  [".\t./a", "no segments made only of dots", ".\t."],
  ["a/..\x04", "no segments made only of dots", "..\x04"],
  ["%\n2e.", "no segments made only of dots", "%\n2e."],
  ["..%2\rfa", "no percent-encoded separators or NUL", "..%2\rfa"],
  ["C\t:/a", "no drive letters", "C\t:"],
  [" /a", "no empty segments", " "],
  [" ..", "no segments made only of dots", " .."],
  [".. /a", "no segments made only of dots", ".. "],
  ["https:/example.com", "no URL schemes", "https:"],
  [" HTTP:example.com/a", "no URL schemes", " HTTP:example.com"],
  ["data:,x", "no URL schemes", "data:,x"],
  ["a/\t", "no empty segments", "\t"],
  ["//a", "no empty segments", ""],
  ["a//b", "no empty segments", ""],
  ["a//", "no empty segments", ""],
  ["//", "no empty segments", ""],
  ["a\\..\\b", "no backslashes and no NUL", "a\\..\\b"],
  ["a\0", "no backslashes and no NUL", "a\0"],
  ["..%2fa", "no percent-encoded separators or NUL", "..%2fa"],
  ["a%5C..", "no percent-encoded separators or NUL", "a%5C.."],
  ["C:/a", "no drive letters", "C:"],
  ["a/c:b", "no drive letters", "c:b"],
  ["a/__journal", 'no segments beginning with "__"', "__journal"],
  ["__proto__", 'no segments beginning with "__"', "__proto__"],
  ["a/zarr.json", 'no segment "zarr.json"', "zarr.json"],
  [".zarray", 'no segment ".zarray"', ".zarray"],
  ["a/.zgroup/b", 'no segment ".zgroup"', ".zgroup"],
  ["a/.zattrs", 'no segment ".zattrs"', ".zattrs"],
  [".zmetadata", 'no segment ".zmetadata"', ".zmetadata"],
])("%j is refused", (path, expected, found) => {
  const reason = `Invalid path ${JSON.stringify(path)}`;
  expect(() => normalizePath(path)).toThrow(
    new ArgumentError("INVALID_PATH", reason, { expected, found: JSON.stringify(found) }),
  );
});

test("joinKey", () => {
  expect(joinKey("/", "zarr.json")).toBe("/zarr.json");
  expect(joinKey("/a/b", "c/0/1")).toBe("/a/b/c/0/1");
});

test.each([
  ["/", false],
  ["/a.b/c", false],
  ["/.a", true],
  ["/a/.b/c", true],
])("isMetadataPath %s", (path, expected) => {
  expect(isMetadataPath(path)).toBe(expected);
});

test("ancestors go from the root down", () => {
  expect(ancestors("/")).toEqual([]);
  expect(ancestors("/a")).toEqual(["/"]);
  expect(ancestors("/a/b/c")).toEqual(["/", "/a", "/a/b"]);
});
