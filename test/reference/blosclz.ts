/** The obvious version of assembly/blosclz.ts: a decoder byte by byte, and an encoder of given instructions. */

/** 1 to 32 literals, or a copy of `match` bytes (3 or more) from `distance` bytes back (1 to 8191, or 8192 to 73727 in the far form). */
export type BlosclzInstruction =
  | { readonly literals: readonly number[] }
  | { readonly distance: number; readonly match: number };

/** The decoded stream, or -(1 + offset of the first bad instruction) if it is none or gives more than `limit` bytes. */
export function blosclzDecode(src: Uint8Array, limit: number): Uint8Array | number {
  const decoded: number[] = [];
  let at = 0;
  const next = () => src[at++] ?? Number.NaN;
  while (at < src.length) {
    const bad = -(1 + at);
    const control = at === 0 ? next() & 31 : next();
    if (control < 32) {
      for (let i = 0; i <= control; i++) decoded.push(next());
      if (at > src.length || decoded.length > limit) return bad;
      continue;
    }
    let match = (control >> 5) + 2;
    if (match === 9) {
      for (let more = 255; more === 255; ) {
        more = next();
        match += more;
      }
    }
    let distance = 256 * (control & 31) + next() + 1;
    if (distance === 8192) distance += 256 * next() + next();
    if (!(distance <= decoded.length && decoded.length + match <= limit)) return bad;
    for (let i = 0; i < match; i++) decoded.push(decoded[decoded.length - distance]!);
  }
  return src.length === 0 ? -1 : Uint8Array.from(decoded);
}

/** The stream of the given instructions. */
export function blosclzStream(instructions: readonly BlosclzInstruction[]): Uint8Array {
  return Uint8Array.from(
    instructions.flatMap((instruction) => {
      if ("literals" in instruction) return [instruction.literals.length - 1, ...instruction.literals];
      const { match, distance } = instruction;
      const field = Math.min(match - 2, 7);
      const near = Math.min(distance, 8192) - 1;
      const far = distance - 8192;
      return [
        32 * field + (near >> 8),
        ...(field === 7 ? [...Array<number>(Math.floor((match - 9) / 255)).fill(255), (match - 9) % 255] : []),
        near & 255,
        ...(far >= 0 ? [far >> 8, far & 255] : []),
      ];
    }),
  );
}
