/** What kernels check that write as many bytes as they read. */

/** 0 if `src` holds whole elements and `dst` is long enough, else what the kernel returns: -(1 + offset) of what is incomplete or missing. */
@inline
export function checkLengths(dstLength: usize, srcLength: usize, itemSize: usize): i32 {
  if (<i32>srcLength < 0) return -1;
  const ragged = srcLength & (itemSize - 1);
  if (ragged != 0) return -1 - <i32>(srcLength - ragged);
  return dstLength < srcLength ? -1 - <i32>dstLength : 0;
}
