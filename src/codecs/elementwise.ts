/** Array-to-array codecs that take each element by itself to another one, of the same or of another data type. */

import { dataTypeByName } from "../metadata/data_type.js";
import { type BoundCodec, type ChunkSpec, elementCount } from "./codec.js";
import { itemSizes, type NumericName } from "./numeric.js";

export interface ElementwiseCodec {
  readonly name: string;
  readonly decoded: NumericName;
  readonly encoded: NumericName;
  /** Both return bytes of their own. Absent where nothing is to be done. */
  readonly convert:
    | {
        encode(bytes: Uint8Array): Uint8Array;
        decode(bytes: Uint8Array): Uint8Array;
      }
    | undefined;
  /** The fill value as the codecs that follow see it. */
  readonly fillValue: Uint8Array;
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
  return {
    codec: convert === undefined ? { ...base, place: "identity" } : { ...base, place: "heap", ...convert },
    encoded: { shape, dataType: dataTypeByName(encoded), fillValue },
  };
}
