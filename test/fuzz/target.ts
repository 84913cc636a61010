/** What a fuzz target is, and what it may find acceptable. */

import { type ErrorCode, SyncodecError } from "../../src/errors.js";
import type { Random } from "../model/random.js";
import type { Mutate } from "./mutate.js";

export interface Target {
  readonly name: string;
  /** Loads what synchronous calls need. */
  prepare?(): Promise<void>;
  /** Good inputs to begin with. */
  seeds(random: Random): readonly Uint8Array[];
  readonly mutate: Mutate;
  /**
   * Runs one input. Whatever it throws is a find. The result says in a few words what came of it: an input with a result that is new is kept
   * and changed further.
   */
  run(input: Uint8Array): string | Promise<string>;
  /** Reads good data. Throws if that is not right any more. */
  canary(): void;
}

/** Something that must not happen. */
export class Find extends Error {
  override readonly name = "Find";
}

/** What a call gave: a value, or an error of the kind that it may throw. */
export type Attempt<T> =
  | { readonly value: T; readonly error: undefined }
  | { readonly value: undefined; readonly error: SyncodecError };

/** Stored bytes that cannot be what the metadata says. */
export const dataCodes: readonly ErrorCode[] = ["CORRUPT_DATA", "CHECKSUM_MISMATCH", "INVALID_SHARD_INDEX"];
/** Documents that no array or group can have, or none that this version reads. */
export const metadataCodes: readonly ErrorCode[] = ["INVALID_METADATA", "UNSUPPORTED", "UNKNOWN_CODEC", "INVALID_PATH"];

/** Runs `body`, which may throw a SyncodecError with one of `codes`, and nothing else. */
export function attempt<T>(codes: readonly ErrorCode[], body: () => T): Attempt<T> {
  try {
    return { value: body(), error: undefined };
  } catch (error) {
    return { value: undefined, error: expected(error, codes) };
  }
}

export async function attemptAsync<T>(codes: readonly ErrorCode[], body: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await body(), error: undefined };
  } catch (error) {
    return { value: undefined, error: expected(error, codes) };
  }
}

function expected(error: unknown, codes: readonly ErrorCode[]): SyncodecError {
  if (!(error instanceof SyncodecError) || !codes.includes(error.code) || error.message === "") throw error;
  for (let { cause } = error; cause instanceof Error; { cause } = cause)
    if (cause instanceof WebAssembly.RuntimeError) throw new Find(`a trap became ${error.message}`);
  return error;
}

/** A result for {@link Target.run}. */
export function outcomeOf({ error }: Attempt<unknown>): string {
  return error === undefined ? "ok" : `${error.code} ${error.codec ?? ""} ${error.reason.replace(/[0-9]+/g, "0")}`;
}

/** As {@link outcomeOf}, with the offset that says how far a decoder came. */
export function progressOf(result: Attempt<unknown>): string {
  const offset = result.error?.offset ?? 0;
  return `${outcomeOf(result)} ${offset < 64 ? offset : Math.round(8 * Math.log2(offset))}`;
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Find(message);
}

/** Throws unless both hold the same bytes. */
export function checkBytes(found: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(found, expected) === 0) return;
  const show = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 64)).toString("hex");
  throw new Find(
    `${what}: found ${show(found)} (${found.length} bytes), expected ${show(expected)} (${expected.length})`,
  );
}

/** The elements of a chunk as bytes: of JavaScript values, their JSON. */
export function elementBytes(data: unknown): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return new TextEncoder().encode(
    JSON.stringify(data, (_, value) => {
      if (typeof value === "bigint") return `${value}n`;
      return ArrayBuffer.isView(value) ? [...elementBytes(value)] : value;
    }),
  );
}
