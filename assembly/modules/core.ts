/**
 * The export list of the core: the kernels that single chunks of any array may need, and the memory that those of all modules work on. Each
 * algorithm has a file of its own.
 *
 * Every kernel is a pure function over pointers into that memory: it allocates nothing, imports nothing else and throws nothing.
 * Pointers and lengths are in bytes; a call takes at most 2^31 - 1 bytes, so that a count and an error fit one i32.
 * A kernel returns a count, or `-(1 + byteOffset)` where its input went bad.
 *
 *     | static data of filters | blosc | zstd | deflate | bulk | core | the host's |
 *     0                                                            heapBase
 */
export { byteswap2, byteswap4, byteswap8, byteswap16 } from "../byteswap";
export { crc32c } from "../crc32c";
export { heapBase } from "../heap_base";
