/** The obvious version of assembly/jenkins_lookup3.ts, from https://www.burtleburtle.net/bob/c/lookup3.c */

/** Lookup3 of `bytes`, with `initial` in its state at first. */
export function jenkinsLookup3(bytes: Uint8Array, initial = 0): number {
  const rotated = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0;
  const state = new Uint32Array(3).fill(0xdeadbeef + bytes.length + initial);
  if (bytes.length === 0) return state[2]!;
  /** Adds up to 12 bytes, little-endian. */
  const add = (start: number, end: number): void => {
    for (let i = start; i < end; i++) state[(i - start) >> 2]! += bytes[i]! * 2 ** (8 * ((i - start) & 3));
  };
  const mix = (to: number, from: number, next: number, by: number): void => {
    state[to] = (state[to]! - state[from]!) ^ rotated(state[from]!, by);
    state[from]! += state[next]!;
  };
  const finish = (to: number, from: number, by: number): void => {
    state[to] = (state[to]! ^ state[from]!) - rotated(state[from]!, by);
  };
  let start = 0;
  for (; bytes.length - start > 12; start += 12) {
    add(start, start + 12);
    for (const [round, by] of [4, 6, 8, 16, 19, 4].entries()) mix(round % 3, (round + 2) % 3, (round + 1) % 3, by);
  }
  add(start, bytes.length);
  for (const [round, by] of [14, 11, 25, 16, 4, 14, 24].entries()) finish((round + 2) % 3, (round + 1) % 3, by);
  return state[2]!;
}
