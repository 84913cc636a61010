/** The kernels of Zstandard. */
export { heapBase } from "../heap_base";
export { xxh64Low } from "../xxh64";
export { zstdDecode } from "../zstd";
