/** Where static data ends and the host's allocator may begin, so that no size is written on both sides of the boundary. */

/** Address of the first byte that no kernel uses. */
export function heapBase(): usize {
  return __heap_base;
}
