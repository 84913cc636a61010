/** Codecs on the JavaScript heap are handed views of linear memory, which a kernel that they call themselves may detach by growing it. */

import { gzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { crc32c, createCodecPipeline, init } from "../../src/index.js";
import { currentMemory } from "../../src/wasm/memory.js";

beforeEach(() => init());

/** Bytes that linear memory has left before it must grow. */
function freeBytes(): number {
  const { bytes, kernels } = currentMemory();
  return bytes.byteLength - kernels.heapBase;
}

test("gzip of several members behind crc32c", () => {
  const length = freeBytes() + 1;
  const members = Buffer.concat([1, 2].map((value) => gzipSync(new Uint8Array(length).fill(value), { level: 9 })));
  expect(members.byteLength, "small enough for the portable decoder").toBeLessThan(400);
  const encoded = new Uint8Array(members.byteLength + 4);
  encoded.set(members);
  new DataView(encoded.buffer).setUint32(members.byteLength, crc32c(members), true);
  const pipeline = createCodecPipeline({
    shape: [2 * length],
    dataType: "uint8",
    codecs: ["bytes", "gzip", "crc32c"],
  });
  const { data } = pipeline.decodeSync(encoded);
  expect([data[0], data[length - 1], data[length], data[2 * length - 1]]).toEqual([1, 1, 2, 2]);
});

test.each(["bytes", "transpose"])("zstd with a checksum behind %s", (name) => {
  const free = freeBytes();
  // The chunk and what the kernel makes of it fit; a third copy does not.
  const columns = Math.floor(free / 10);
  const codecs = [
    ...(name === "bytes" ? [] : [{ name, configuration: { order: [1, 0] } }]),
    { name: "bytes", configuration: { endian: name === "bytes" ? "big" : "little" } },
    { name: "zstd", configuration: { level: 1, checksum: true } },
  ];
  const pipeline = createCodecPipeline({ shape: [2, columns], dataType: "uint16", codecs });
  const data = Uint16Array.from({ length: 2 * columns }, (_, i) => i);
  const encoded = pipeline.encodeSync(data);
  expect(pipeline.decodeSync(encoded!).data).toEqual(data);
});
