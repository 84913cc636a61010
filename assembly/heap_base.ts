/**
 * Where the static data of a module ends: the next module's begins there, or the host's allocator. So no size is written on both sides of the
 * boundary.
 */

/** Address of the first byte that neither this module uses nor one whose data lies before. */
export function heapBase(): usize {
  return __heap_base;
}
