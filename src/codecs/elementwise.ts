/** Array-to-array codecs that take each element by itself to another one, of the same or of another data type. */

import { dataTypeByName } from "../metadata/data_type.js";
import { type BoundCodec, type ChunkSpec, elementCount } from "./codec.js";
import { itemSizes, type NumericName } from "./numeric.js";

/** Elements that are converted at once: many small chunks' worth, so that what conversions need besides is little beside a large chunk. */
const blockLength = 2 ** 16;

type Convert = (bytes: Uint8Array) => Uint8Array;

export interface ElementwiseCodec {
  readonly name: string;
  readonly decoded: NumericName;
  readonly encoded: NumericName;
  /** Both return bytes of their own. Absent where nothing is to be done. */
  readonly convert: { readonly encode: Convert; readonly decode: Convert } | undefined;
  /** The fill value as the codecs that follow see it. */
  readonly fillValue: Uint8Array;
}

/** `convert`, block by block. */
function inBlocks(convert: Convert, from: NumericName, to: NumericName): Convert {
  const [fromSize, toSize] = [itemSizes[from], itemSizes[to]];
  return (bytes) => {
    const count = bytes.byteLength / fromSize;
    if (count <= blockLength) return convert(bytes);
    const converted = new Uint8Array(count * toSize);
    for (let start = 0; start < count; start += blockLength) {
      const block = bytes.subarray(start * fromSize, (start + blockLength) * fromSize);
      converted.set(convert(block), start * toSize);
    }
    return converted;
  };
}

export function bindElementwise(
  { shape }: ChunkSpec,
  { name, decoded, encoded, convert, fillValue }: ElementwiseCodec,
): { codec: BoundCodec; encoded: ChunkSpec } {
  const count = elementCount(shape);
  const base = {
    name,
    decodedSize: { kind: "fixed", bytes: count * itemSizes[decoded] },
    encodedSize: { kind: "fixed", bytes: count * itemSizes[encoded] },
  } as const;
  const next = { shape, dataType: dataTypeByName(encoded), fillValue };
  if (convert === undefined) return { codec: { ...base, place: "identity" }, encoded: next };
  const encode = inBlocks(convert.encode, decoded, encoded);
  const decode = inBlocks(convert.decode, encoded, decoded);
  return { codec: { ...base, place: "heap", encode, decode }, encoded: next };
}
