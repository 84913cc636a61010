/** The obvious version of assembly/fill.ts. */

/** `byteLength` bytes of `value` repeated. */
export function fill(byteLength: number, value: Uint8Array): Uint8Array {
  return new Uint8Array(byteLength).map((_, i) => value[i % value.length]!);
}

/** Whether `bytes` is `value` repeated. */
export function isFilled(bytes: Uint8Array, value: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === value[i % value.length]);
}
