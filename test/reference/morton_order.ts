/** The obvious version of assembly/morton_order.ts: every code is decoded, those outside of the grid are skipped. */

/** The C-order linear index of every cell of a grid of `shape`, in Morton order. */
export function mortonOrder(shape: readonly number[]): number[] {
  const bits = shape.map((size) => Math.ceil(Math.log2(Math.max(size, 1))));
  const codeLength = bits.reduce((sum, count) => sum + count, 0);
  const order: number[] = [];
  for (let code = 0; code < 2 ** codeLength; code++) {
    const cell = shape.map(() => 0);
    let taken = 0;
    for (let bit = 0; bit < Math.max(0, ...bits); bit++) {
      for (let axis = 0; axis < shape.length; axis++) {
        if (bit < bits[axis]!) cell[axis]! += (Math.floor(code / 2 ** taken++) % 2) * 2 ** bit;
      }
    }
    if (cell.every((coordinate, axis) => coordinate < shape[axis]!)) {
      order.push(cell.reduce((index, coordinate, axis) => index * shape[axis]! + coordinate, 0));
    }
  }
  return order;
}
