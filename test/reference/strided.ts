/** The obvious version of assembly/strided.ts. */

/** One axis of a box: elements along it, and the step between them in bytes in either layout. */
export interface Axis {
  readonly count: number;
  readonly dstStep: number;
  readonly srcStep: number;
}

/** Copies a box whose element (0, ..., 0) lies at `dstOffset` in `dst` and at `srcOffset` in `src`. */
export function copyStrided(
  dst: Uint8Array,
  dstOffset: number,
  src: Uint8Array,
  srcOffset: number,
  itemSize: number,
  axes: readonly Axis[],
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    dst.set(src.subarray(srcOffset, srcOffset + itemSize), dstOffset);
    return;
  }
  for (let i = 0; i < axis.count; i++) {
    copyStrided(dst, dstOffset + i * axis.dstStep, src, srcOffset + i * axis.srcStep, itemSize, inner);
  }
}
