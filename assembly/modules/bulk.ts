/** The kernels that do in one call what would take one for each chunk or element: whole shards, strided copies, filling. */
export { fill, isFilled } from "../fill";
export { heapBase } from "../heap_base";
export { mortonOrder } from "../morton_order";
export { decodeShard, encodeShard, patchSlots } from "../shard";
export { decodeShardIndex, encodeShardIndex, packedStart } from "../shard_index";
export { copyStrided } from "../strided";
