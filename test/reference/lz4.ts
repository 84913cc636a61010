/** The obvious version of assembly/lz4.ts: a decoder byte by byte, and an encoder of given sequences. */

/** A copy of `match` bytes (4 or more) from `distance` bytes back, after `literals`; the last sequence of a block has no match. */
export interface Lz4Sequence {
  readonly literals: readonly number[];
  readonly distance?: number;
  readonly match?: number;
}

/** The decoded block, or -(1 + offset of the first bad sequence) if it is none or gives more than `limit` bytes. */
export function lz4Decode(src: Uint8Array, limit: number): Uint8Array | number {
  const decoded: number[] = [];
  let at = 0;
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    for (let more = nibble === 15 ? 255 : 0; more === 255; ) {
      more = src[at++] ?? Number.NaN;
      length += more;
    }
    return length;
  };
  while (at < src.length) {
    const bad = -(1 + at);
    const token = src[at++]!;
    const literals = lengthFrom(token >> 4);
    if (!(at + literals <= src.length && decoded.length + literals <= limit)) return bad;
    for (const end = at + literals; at < end; at++) decoded.push(src[at]!);
    if (at === src.length) return Uint8Array.from(decoded);
    if (at + 2 > src.length) return bad;
    const distance = src[at]! + 256 * src[at + 1]!;
    at += 2;
    if (distance === 0 || distance > decoded.length) return bad;
    const match = 4 + lengthFrom(token & 15);
    if (!(decoded.length + match <= limit)) return bad;
    for (let i = 0; i < match; i++) decoded.push(decoded[decoded.length - distance]!);
    if (at === src.length) return bad;
  }
  return -1;
}

function more(length: number): number[] {
  return length < 15 ? [] : [...Array<number>(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];
}

/** The block of the given sequences. */
export function lz4Block(sequences: readonly Lz4Sequence[]): Uint8Array {
  return Uint8Array.from(
    sequences.flatMap(({ literals, distance, match }) => {
      const token = 16 * Math.min(literals.length, 15);
      if (distance === undefined || match === undefined) return [token, ...more(literals.length), ...literals];
      return [
        token + Math.min(match - 4, 15),
        ...more(literals.length),
        ...literals,
        distance & 255,
        distance >> 8,
        ...more(match - 4),
      ];
    }),
  );
}
