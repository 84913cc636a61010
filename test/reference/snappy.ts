/** The obvious version of assembly/snappy.ts: a decoder byte by byte, and an encoder of given elements. */

/** Literals, their count in `countBytes` bytes after the tag; or a copy of `match` bytes, its distance in `distanceBytes` bytes. */
export type SnappyElement =
  | { readonly literals: readonly number[]; readonly countBytes: 0 | 1 | 2 | 3 | 4 }
  | { readonly distance: number; readonly match: number; readonly distanceBytes: 1 | 2 | 4 };

/**
 * The decoded stream; -(1 + offset of the first bad element) if it is none; -1 if the length at the beginning is wrong or above `limit`.
 */
export function snappyDecode(src: Uint8Array, limit: number): Uint8Array | number {
  const decoded: number[] = [];
  let at = 0;
  const number = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += (src[at++] ?? Number.NaN) * 256 ** i;
    return value;
  };
  let declared = 0;
  for (let byte = 128; byte >= 128; ) {
    if (at === 5) return -1;
    byte = number(1);
    declared += (byte & 127) * 128 ** (at - 1);
    if (Number.isNaN(byte)) return -1;
  }
  if (declared > limit) return -1;
  while (at < src.length) {
    const bad = -(1 + at);
    const tag = number(1);
    const kind = tag & 3;
    if (kind === 0) {
      const count = 1 + (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59));
      if (!(at + count <= src.length && decoded.length + count <= declared)) return bad;
      for (let i = 0; i < count; i++) decoded.push(number(1));
      continue;
    }
    const match = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const distance = kind === 1 ? 256 * (tag >> 5) + number(1) : number(kind === 2 ? 2 : 4);
    if (!(distance > 0 && distance <= decoded.length && decoded.length + match <= declared)) return bad;
    for (let i = 0; i < match; i++) decoded.push(decoded[decoded.length - distance]!);
  }
  return decoded.length === declared ? Uint8Array.from(decoded) : -1;
}

function bytesOf(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

/** The stream that says it has `length` bytes, of the given elements. */
export function snappyStream(length: number, elements: readonly SnappyElement[]): Uint8Array {
  const preamble: number[] = [];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    preamble.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  return Uint8Array.from([
    ...preamble,
    ...elements.flatMap((element) => {
      if ("literals" in element) {
        const last = element.literals.length - 1;
        const tag = element.countBytes === 0 ? last : 59 + element.countBytes;
        return [4 * tag, ...bytesOf(last, element.countBytes), ...element.literals];
      }
      const { match, distance, distanceBytes } = element;
      if (distanceBytes === 1) return [32 * (distance >> 8) + 4 * (match - 4) + 1, distance & 255];
      return [4 * (match - 1) + (distanceBytes === 2 ? 2 : 3), ...bytesOf(distance, distanceBytes)];
    }),
  ]);
}
