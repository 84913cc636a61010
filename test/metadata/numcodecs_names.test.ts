import { expect, test } from "vitest";
import { fromPlain, toPlain } from "../../src/metadata/json.js";
import { fromNumcodecs, toNumcodecs } from "../../src/metadata/numcodecs_names.js";
import { formatNamed, parseNamed } from "../../src/metadata/validate.js";

const named = (name: string, configuration: Record<string, unknown> = {}) =>
  parseNamed(fromPlain({ name, configuration }), { field: "" });
const plain = (value: ReturnType<typeof named>) => {
  const { name, configuration = {} } = toPlain(formatNamed(value)) as { name: string; configuration?: object };
  return [name, configuration];
};

test.each([
  ["zstd", { level: 3, checksum: false }, "numcodecs.zstd", { level: 3, checksum: false }],
  ["gzip", { level: 5 }, "numcodecs.gzip", { level: 5 }],
  ["crc32c", {}, "numcodecs.crc32c", {}],
  [
    "blosc",
    { cname: "lz4", clevel: 5, shuffle: "bitshuffle", typesize: 4, blocksize: 0 },
    "numcodecs.blosc",
    { cname: "lz4", clevel: 5, blocksize: 0, shuffle: 2 },
  ],
  ["blosc", { shuffle: "noshuffle" }, "numcodecs.blosc", { shuffle: 0 }],
  ["blosc", { shuffle: -1 }, "numcodecs.blosc", { shuffle: -1 }],
  ["blosc", { shuffle: "other" }, "numcodecs.blosc", { shuffle: "other" }],
  ["zlib", { level: 1 }, "numcodecs.zlib", { level: 1 }],
  ["numcodecs.blosc", { typesize: 4, shuffle: "shuffle" }, "numcodecs.blosc", { typesize: 4, shuffle: "shuffle" }],
])("to numcodecs: %s %j", (name, configuration, id, expected) => {
  expect(plain(toNumcodecs(named(name, configuration)))).toEqual([id, expected]);
});

test.each([
  ["numcodecs.zstd", { level: 3 }, "zstd", { level: 3 }],
  ["numcodecs.gzip", { level: 5 }, "gzip", { level: 5 }],
  ["numcodecs.gzip", {}, "gzip", { level: 1 }],
  ["numcodecs.crc32c", {}, "crc32c", {}],
  ["numcodecs.crc32c", { location: "end" }, "crc32c", {}],
  ["numcodecs.crc32c", { location: "start" }, "numcodecs.crc32c", { location: "start" }],
  [
    "numcodecs.blosc",
    { cname: "zstd", clevel: 1, shuffle: 2 },
    "blosc",
    { cname: "zstd", clevel: 1, shuffle: "bitshuffle" },
  ],
  ["numcodecs.blosc", {}, "blosc", { cname: "lz4", shuffle: "shuffle" }],
  ["numcodecs.blosc", { cname: "zlib", shuffle: -1 }, "blosc", { cname: "zlib" }],
  ["numcodecs.crc32", {}, "numcodecs.crc32", {}],
  ["transpose", { order: [0] }, "transpose", { order: [0] }],
])("from numcodecs: %s %j", (id, configuration, name, expected) => {
  expect(plain(fromNumcodecs(named(id, configuration)))).toEqual([name, expected]);
});
