/**
 * The layout that `vlen-utf8` and `vlen-bytes` share: a count, then each item with its length before it; all numbers uint32, little-endian.
 *
 * Sources: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-utf8
 * https://numcodecs.readthedocs.io/en/stable/other/vlen.html
 */

import { ArgumentError, DataError } from "../errors.js";
import { maximumSerialBytes } from "./codec.js";

const headerSize = 4;

/** @throws ArgumentError `INVALID_ARGUMENT` if a chunk would have more than {@link maximumSerialBytes}. */
export function checkSerialBytes(byteLength: number): void {
  if (byteLength <= maximumSerialBytes) return;
  throw new ArgumentError("INVALID_ARGUMENT", "Elements of one chunk take too many bytes", {
    expected: `at most ${maximumSerialBytes}`,
    found: byteLength,
  });
}

/** Items one after another. `items` are not kept. */
export function encodeItems(items: readonly Uint8Array[]): Uint8Array {
  let byteLength = headerSize;
  for (const { length } of items) byteLength += headerSize + length;
  checkSerialBytes(byteLength);
  const encoded = new Uint8Array(byteLength);
  const view = new DataView(encoded.buffer);
  view.setUint32(0, items.length, true);
  let offset = headerSize;
  for (const item of items) {
    view.setUint32(offset, item.length, true);
    encoded.set(item, offset + headerSize);
    offset += headerSize + item.length;
  }
  return encoded;
}

/**
 * Calls `take` with the bounds of each of the `count` items, in order.
 *
 * @throws DataError `CORRUPT_DATA` if there are more or fewer, an item goes past the end, or bytes follow the last one.
 */
export function decodeItems(
  encoded: Uint8Array,
  count: number,
  take: (start: number, end: number, item: number) => void,
): void {
  const { byteLength } = encoded;
  const view = new DataView(encoded.buffer, encoded.byteOffset, byteLength);
  if (byteLength < headerSize) {
    throw new DataError("CORRUPT_DATA", "Chunk is shorter than its item count", {
      expected: `at least ${headerSize} bytes`,
      found: byteLength,
    });
  }
  const found = view.getUint32(0, true);
  if (found !== count) {
    throw new DataError("CORRUPT_DATA", "Chunk has the wrong number of items", { expected: count, found });
  }
  let offset = headerSize;
  for (let item = 0; item < count; item++) {
    const start = offset + headerSize;
    const end = start <= byteLength ? start + view.getUint32(offset, true) : Number.POSITIVE_INFINITY;
    if (end > byteLength) {
      throw new DataError("CORRUPT_DATA", `Item ${item} goes past the end of the chunk`, {
        expected: `at most ${Math.max(0, byteLength - start)} bytes from byte ${start}`,
        found: end === Number.POSITIVE_INFINITY ? "no length" : end - start,
      });
    }
    take(start, end, item);
    offset = end;
  }
  if (offset !== byteLength) {
    throw new DataError("CORRUPT_DATA", "Bytes follow the last item", { expected: offset, found: byteLength });
  }
}
