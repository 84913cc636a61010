/** The kernels of blosc and of the codecs that it is made of. */
export { blosclzDecode, blosclzEncode } from "../blosclz";
export { heapBase } from "../heap_base";
export { lz4Decode, lz4Encode, lz4EncodeHigh } from "../lz4";
export { bitshuffle, bitunshuffle, shuffle, unshuffle } from "../shuffle";
export { snappyDecode, snappyEncode } from "../snappy";
