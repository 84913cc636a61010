/** What node:zlib makes of bytes that may be damaged. */

/** What node:zlib gives where it is asked for `info`, which its type definitions leave out. */
interface InflateInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function isInflateInfo(value: unknown): value is InflateInfo {
  return typeof value === "object" && value !== null && "engine" in value;
}

/** What a decoder of node:zlib makes of `encoded`, or `undefined` if it fails or leaves bytes over. */
export function inflateHost(
  encoded: Uint8Array,
  inflate: (data: Uint8Array, options: { info: true }) => unknown,
): Uint8Array | undefined {
  let result: unknown;
  try {
    result = inflate(encoded, { info: true });
  } catch {
    return undefined;
  }
  if (!isInflateInfo(result)) throw new Error("expected a result with its engine");
  return result.engine.bytesWritten === encoded.length ? Uint8Array.from(result.buffer) : undefined;
}
