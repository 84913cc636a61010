/**
 * The export list of the kernel module; each algorithm has a file of its own.
 *
 * Every kernel is a pure function over pointers into the exported memory: it allocates nothing, imports nothing and throws nothing.
 * Pointers and lengths are in bytes; a call takes at most 2^31 - 1 bytes, so that a count and an error fit one i32.
 * A kernel returns a count, or `-(1 + byteOffset)` where its input went bad.
 */
export { adler32 } from "./adler32";
export { blosclzDecode, blosclzEncode } from "./blosclz";
export { byteswap2, byteswap4, byteswap8, byteswap16 } from "./byteswap";
export { crc32 } from "./crc32";
export { crc32c } from "./crc32c";
export { deltaDecode, deltaEncode } from "./delta";
export { fill, isFilled } from "./fill";
export { fletcher32 } from "./fletcher32";
export { heapBase } from "./heap_base";
export { lz4Decode, lz4Encode, lz4EncodeHigh } from "./lz4";
export { inflate } from "./inflate";
export { jenkinsLookup3 } from "./jenkins_lookup3";
export { mortonOrder } from "./morton_order";
export { packBits, unpackBits } from "./pack_bits";
export { roundFloats, roundIntegers } from "./round_bits";
export { decodeShard, encodeShard, patchSlots } from "./shard";
export { decodeShardIndex, encodeShardIndex, packedStart } from "./shard_index";
export { bitshuffle, bitunshuffle, shuffle, unshuffle } from "./shuffle";
export { snappyDecode, snappyEncode } from "./snappy";
export { copyStrided } from "./strided";
export { xxh64Low } from "./xxh64";
export { zstdDecode } from "./zstd";
