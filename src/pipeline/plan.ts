/**
 * The language between plans and drivers.
 *
 * A plan is a generator that yields batched requests. A driver carries a request out, writes the results into the request's own slots, and
 * resumes the plan. Plans hold all codec and shard logic; they never await and never touch a store. The synchronous and the batched driver
 * run the very same plans.
 */

import type { BoundStep, ChunkSpec } from "../codecs/codec.js";
import type { ByteRange } from "../stores/store.js";
import type { Box } from "./box.js";

/** One value, or a part of it, to be read from the store. */
export interface Read {
  readonly key: string;
  /** `undefined` = the whole value. */
  readonly range: ByteRange | undefined;
  /** Memory of exactly the expected length that the driver may read into: a hint. */
  readonly into: Uint8Array | undefined;
  /** Result: the bytes, `undefined` if the key is missing. The very object `into` if the driver read there. */
  value: Uint8Array | undefined;
  /** Result: length of the whole stored value, where the driver learned it. */
  byteLength: number | undefined;
}

/** Where in the store some bytes belong; for error messages. */
export interface Place {
  readonly key: string;
  /** Coordinates of the inner chunk in its shard. */
  readonly chunk?: readonly number[] | undefined;
}

/** Decode `input` through `steps`; then copy a box of the result into `target`, or keep it as `result`. */
export interface DecodeJob {
  readonly kind: "decode";
  readonly place: Place;
  /** In encoding order; run backwards. */
  readonly steps: readonly BoundStep[];
  readonly input: Uint8Array;
  /** Bytes that the decoded side must have. */
  readonly decodedLength: number | undefined;
  /** `undefined` = keep the decoded bytes in `result`, in the JavaScript heap. */
  readonly scatter: Scatter | undefined;
  result: Uint8Array | undefined;
}

export interface Scatter {
  readonly target: Uint8Array;
  readonly box: Box;
  /** Byte offset of the box's first element in the target. */
  readonly targetOffset: number;
  /** Byte offset of the box's first element in the decoded chunk. */
  readonly chunkOffset: number;
}

/** Build one chunk from what is stored and what is new, and encode it. */
export interface EncodeJob {
  readonly kind: "encode";
  readonly place: Place;
  readonly steps: readonly BoundStep[];
  readonly spec: ChunkSpec;
  readonly byteLength: number;
  /** The stored chunk under a partial write; `undefined` = start from the fill value. */
  readonly base: Uint8Array | undefined;
  /** New elements: a box of the caller's array goes into the chunk. */
  readonly gather: Gather;
  /** Extent of the chunk that lies in the array if the empty rule applies; `undefined` = a chunk is never elided. */
  readonly emptyExtent: readonly number[] | undefined;
  /** Result: fresh bytes that nobody else holds, or `undefined` if the chunk is empty. */
  result: Uint8Array | undefined;
}

export interface Gather {
  readonly source: Uint8Array;
  readonly box: Box;
  readonly sourceOffset: number;
  readonly chunkOffset: number;
  /** Whether the box holds every element of the chunk. */
  readonly isWhole: boolean;
}

export type Job = DecodeJob | EncodeJob;

/** A value to store; `undefined` deletes the key. */
export interface Write {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Asks for the keys that begin with `prefix`. */
export interface Listing {
  readonly prefix: string;
  /** Result; `undefined` if the store cannot list. */
  keys: readonly string[] | undefined;
}

export type Request =
  | { readonly kind: "lock"; readonly keys: readonly string[]; readonly mode: "shared" | "exclusive" }
  | { readonly kind: "get"; readonly reads: readonly Read[] }
  | { readonly kind: "transform"; readonly jobs: readonly Job[] }
  | { readonly kind: "set"; readonly writes: readonly Write[] }
  | { readonly kind: "list"; readonly listing: Listing };

/** `R` is what the plan returns; requests carry their own results. */
export type Plan<R = void> = Generator<Request, R, void>;
