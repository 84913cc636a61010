/** The kernels of DEFLATE streams and what wraps them. */
export { adler32 } from "../adler32";
export { crc32 } from "../crc32";
export { heapBase } from "../heap_base";
export { inflate } from "../inflate";
