/**
 * The language between plans and drivers.
 *
 * A plan is a generator that yields batched requests. A driver carries a request out, writes the results into the request's own slots, and
 * resumes the plan. Plans hold all codec and shard logic; they never await and never touch a store. The synchronous and the batched driver
 * run the very same plans.
 */

import { type BoundStep, type ChunkSpec, type Data, lengthOf } from "../codecs/codec.js";
import { NotLoadedError, RuntimeError } from "../errors.js";
import type { Elements } from "../metadata/data_type.js";
import type { ByteRange, Patch } from "../stores/store.js";
import type { Span } from "../wasm/memory.js";
import type { Box } from "./box.js";
import type { DecodeSlotsJob } from "./decode_slots.js";
import type { Place } from "./place.js";
import type { Slab } from "./slab.js";
import type { DecodeShardJob, EncodeShardJob, PatchSlotsJob } from "./whole_shard.js";

/** One value, or a part of it, to be read from the store. */
export interface Read {
  readonly key: string;
  /** `undefined` = the whole value. */
  readonly range: ByteRange | undefined;
  /** Memory of exactly the expected length that the driver may read into: a hint. */
  readonly into: Into | undefined;
  /** Whether the driver shall find out how long the stored value is, where the store can say so: an index must be checked against it. */
  readonly wantsSize: boolean;
  /** Result: the bytes; `undefined` if the key is missing, or if they were read into `into`. */
  value: Uint8Array | undefined;
  /** Result: whether the bytes lie in the target of `into`. */
  isInPlace: boolean;
  /** Result: the bytes in linear memory. They last until the plan's next request that is not a transform. */
  span: Span | undefined;
  /** Result: length of the whole stored value, where the driver learned it. */
  byteLength: number | undefined;
}

/** Where a read would best put its bytes: in a part of the caller's array, or, without a target, in linear memory. */
export interface Into {
  readonly target: Uint8Array | undefined;
  /** Byte offset in the target. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Decode a part of `input` through `steps`; then copy a box of the result into the target, or keep all of it as `result`. */
export interface DecodeJob extends Place {
  readonly kind: "decode";
  /** In encoding order; run backwards. */
  readonly steps: readonly BoundStep[];
  readonly input: Data;
  /** The encoded chunk is this part of `input`. Bytes. */
  readonly inputOffset: number;
  readonly inputLength: number;
  /** Bytes that the decoded side must have. */
  readonly decodedLength: number | undefined;
  /** `undefined` = keep what is decoded in `result`, in the JavaScript heap. */
  readonly scatter: Scatter | undefined;
  result: Elements | undefined;
}

/** A box of a decoded chunk in the caller's array. Offsets in bytes. */
export interface Scatter {
  readonly target: Elements;
  readonly box: Box;
  readonly targetOffset: number;
  readonly chunkOffset: number;
}

/** Build one chunk from what is stored and what is new, and encode it. */
export interface EncodeJob extends Place {
  readonly kind: "encode";
  readonly steps: readonly BoundStep[];
  readonly spec: ChunkSpec;
  readonly byteLength: number;
  /** The stored chunk under a partial write; `undefined` = start from the fill value. */
  readonly base: Elements | undefined;
  /** New elements: a box of the caller's array. Offsets in bytes. */
  readonly source: Elements;
  readonly sourceOffset: number;
  readonly box: Box;
  readonly chunkOffset: number;
  /** Extent of the chunk that lies in the array if the empty rule applies; `undefined` = a chunk is never elided. */
  readonly emptyExtent: readonly number[] | undefined;
  /** Where the result may share a buffer with others. */
  readonly slab?: Slab | undefined;
  /** Result: fresh bytes (elements, where the steps leave them as such) that nobody else holds, or `undefined` if the chunk is empty. */
  result: Elements | undefined;
}

/** Chunk jobs go through steps, which may be asynchronous, slot jobs are many of them; shard jobs are one kernel call. */
export type ChunkJob = DecodeJob | EncodeJob;
export type Job = ChunkJob | DecodeSlotsJob | DecodeShardJob | EncodeShardJob | PatchSlotsJob;

/** A value to store; `undefined` deletes the key. */
export interface Write {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Writes inside one existing value, all of which apply together. */
export interface KeyPatch {
  readonly key: string;
  readonly patch: Patch;
}

/** Asks to keep one version of a stored value open until the plan ends; its reads then come from there. Asked again, it tells the version anew. */
export interface Opening {
  readonly key: string;
  /** Whether the plan asks for the version, which may cost a look at the value. */
  readonly wantsVersion: boolean;
  /** Result: `undefined` if the store cannot open values, so that nothing is known. */
  exists: boolean | undefined;
  /** Result: equal versions mean equal bytes. */
  version: string | object | undefined;
  /** Result: the same as far as this program's writes go, for stores that cannot tell versions; reads may rely on it. */
  ownVersion: string | undefined;
  /** Result: length of the whole value in bytes. */
  byteLength: number | undefined;
  /** Result: the whole value, if it lies in memory. */
  bytes: Uint8Array | undefined;
}

/** Asks for the keys that begin with `prefix`. */
export interface Listing {
  readonly prefix: string;
  /** Result; `undefined` if the store cannot list. */
  keys: readonly string[] | undefined;
}

/**
 * Runs `body`, which must change nothing before it returns, and again each time that a part of the library which it needs has been loaded.
 */
export function* withParts<R>(body: () => R): Plan<R> {
  for (;;) {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof NotLoadedError)) throw error;
      yield { kind: "load", missing: error };
    }
  }
}

export type Request =
  | { readonly kind: "lock"; readonly keys: readonly string[]; readonly mode: "shared" | "exclusive" }
  | { readonly kind: "open"; readonly openings: readonly Opening[] }
  | { readonly kind: "get"; readonly reads: readonly Read[] }
  | { readonly kind: "transform"; readonly jobs: readonly Job[] }
  | { readonly kind: "set"; readonly writes: readonly Write[] }
  | { readonly kind: "patch"; readonly patches: readonly KeyPatch[] }
  | { readonly kind: "list"; readonly listing: Listing }
  | { readonly kind: "load"; readonly missing: NotLoadedError };

/** `R` is what the plan returns; requests carry their own results. */
export type Plan<R = void> = Generator<Request, R, void>;

/** What a job gave whose steps end in bytes. */
export function bytesResult({ result }: ChunkJob): Uint8Array | undefined {
  if (Array.isArray(result)) throw new TypeError("the steps of this job do not end in bytes");
  return result;
}

/** Plans that run on their own, each for some stored keys. */
export interface Batch {
  readonly newPlan: () => Plan;
  /** Whether a new plan may take the place of one that failed. */
  readonly isRepeatable: boolean;
  readonly keys: number;
  /** Decoded bytes of its chunks. */
  readonly bytes: number;
}

/** Plans that read are begun so often, at most, where a value changes meanwhile. */
const readAttempts = 4;

/** Whether a read that failed with `error` at its `attempt`-th attempt, from 1, is to be begun again. */
export function isWorthRepeating(error: unknown, attempt: number): boolean {
  return attempt < readAttempts && error instanceof RuntimeError && error.code === "VALUE_CHANGED";
}

/** A job that decodes `inputLength` bytes of `input` from `inputOffset`. Without `scatter` the decoded bytes are kept. */
export function decodeJob(
  { key, grid, number }: Place,
  steps: readonly BoundStep[],
  input: Data,
  decodedLength?: number,
  scatter?: Scatter,
  inputOffset = 0,
  inputLength: number = lengthOf(input),
): DecodeJob {
  return {
    kind: "decode",
    key,
    grid,
    number,
    steps,
    input,
    inputOffset,
    inputLength,
    decodedLength,
    scatter,
    result: undefined,
  };
}
