import { expect, test } from "vitest";
import * as browser from "../../src/browser.js";
import * as library from "../../src/index.js";
import * as kernels from "../../src/kernels.js";
import * as node from "../../src/node.js";
import * as numcodecs from "../../src/numcodecs.js";
import * as zarrita from "../../src/zarrita.js";

const names = (module: object) => Object.keys(module).sort();

test("syncodec exports", () => {
  expect(names(library)).toMatchInlineSnapshot(`
    [
      "ArgumentError",
      "CodecPipeline",
      "DataError",
      "Group",
      "HttpStore",
      "LatencyStore",
      "MemoryStore",
      "MetadataError",
      "NodeError",
      "RuntimeError",
      "StructArray",
      "SyncodecError",
      "ZarrArray",
      "byteswap",
      "configure",
      "crc32c",
      "createArray",
      "createArraySync",
      "createCodecPipeline",
      "createGroup",
      "createGroupSync",
      "init",
      "open",
      "openArray",
      "openArraySync",
      "openGroup",
      "openGroupSync",
      "openSync",
      "registerCodec",
      "slice",
    ]
  `);
});

test("syncodec/node exports", () => {
  expect(names(node)).toMatchInlineSnapshot(`
    [
      "LocalStore",
    ]
  `);
});

test("syncodec/browser exports", () => {
  expect(names(browser)).toMatchInlineSnapshot(`
    [
      "HttpSyncStore",
      "OpfsStore",
      "SyncOpfsStore",
    ]
  `);
});

test("syncodec/numcodecs exports", () => {
  expect(names(numcodecs)).toMatchInlineSnapshot(`
    [
      "fromNumcodecs",
    ]
  `);
});

test("syncodec/zarrita exports", () => {
  expect(names(zarrita)).toMatchInlineSnapshot(`
    [
      "get",
      "registerCodecs",
      "set",
      "syncodecArray",
      "withSyncodec",
    ]
  `);
});

test("syncodec/kernels exports", () => {
  expect(names(kernels)).toMatchInlineSnapshot(`
    [
      "useKernels",
    ]
  `);
});
