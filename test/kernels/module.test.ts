import { describe, expect, it } from "vitest";
import { modules } from "./arena.js";

describe.each(Object.entries(modules))("%s module", (_name, bytes) => {
  const compiled = new WebAssembly.Module(bytes);

  it("imports nothing", () => {
    expect(WebAssembly.Module.imports(compiled)).toEqual([]);
  });

  it("exports the kernels, memory and heapBase", () => {
    expect(
      WebAssembly.Module.exports(compiled)
        .map(({ name }) => name)
        .sort(),
    ).toMatchInlineSnapshot(`
      [
        "adler32",
        "bitshuffle",
        "bitunshuffle",
        "blosclzDecode",
        "blosclzEncode",
        "byteswap16",
        "byteswap2",
        "byteswap4",
        "byteswap8",
        "copyStrided",
        "crc32",
        "crc32c",
        "decodeShard",
        "decodeShardIndex",
        "deltaDecode",
        "deltaEncode",
        "encodeShard",
        "encodeShardIndex",
        "fill",
        "fletcher32",
        "heapBase",
        "inflate",
        "isFilled",
        "jenkinsLookup3",
        "lz4Decode",
        "lz4Encode",
        "lz4EncodeHigh",
        "memory",
        "mortonOrder",
        "packBits",
        "packedStart",
        "patchSlots",
        "roundFloats",
        "roundIntegers",
        "shuffle",
        "snappyDecode",
        "snappyEncode",
        "unpackBits",
        "unshuffle",
        "xxh64Low",
        "zstdDecode",
      ]
    `);
  });
});
