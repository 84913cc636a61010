/**
 * Table-free folding of a CRC in the manner of "Chorba" (https://arxiv.org/abs/2412.16398).
 *
 * If Q is a multiple of the CRC's polynomial with few terms, so is Q(x)^8 = Q(x^8): XORing Q, shifted to the front of the message, onto it
 * removes the front without a change of the remainder, and touches bytes only. With the terms of Q at the byte offsets 0 < o1 < o2 < ...
 * from its front, eliminating all of a prefix means
 *
 *     folded[i] = message[i] ^ folded[i - o1] ^ folded[i - o2] ^ ...          (o1 >= 64: four v128 blocks are independent)
 *
 * `folded` is kept, not the message, which stays as it was. Only the last `history` >= max(o) bytes are needed again, so the message is
 * taken in windows that stay in the first-level cache:
 *
 *     scratch   | history: the last bytes folded | window: message bytes being folded |
 *                                 <------------------ copied back between windows
 *     tail      | the history's effect on the bytes after the prefix | up to 15 bytes more |
 *
 * Four terms take 22 GB/s with v128 and 11 with u64 words (1 MB), where slicing-by-16 takes 2.2. A window of 16 KB beat 8 KB (21) and 4 KB (19).
 * The tail has the remainder of the whole message; a polynomial with smaller offsets, then tables, take it from there.
 */

const windowLength: usize = 16384;
const scratch: usize = memory.data(5280 + 16384 + 5280 + 16, 16);

/** Sets a multiple of 16 bytes to 0: a few hundred by stores, because memory.fill costs 6 ns a call. */
@inline
function clear(dst: usize, length: usize): void {
  for (const end = dst + length; dst < end; dst += 16) {
    store<u64>(dst, 0);
    store<u64>(dst, 0, 8);
  }
}

@inline
function xor16(
  w: usize,
  p: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  p4: usize,
  p5: usize,
  five: bool,
  at: usize,
): void {
  if (ASC_FEATURE_SIMD) {
    let word = v128.xor(v128.load(p + at), v128.load(p1 + at));
    word = v128.xor(word, v128.xor(v128.load(p2 + at), v128.load(p3 + at)));
    if (five) word = v128.xor(word, v128.xor(v128.load(p4 + at), v128.load(p5 + at)));
    v128.store(w + at, word);
  } else {
    let low = load<u64>(p + at) ^ load<u64>(p1 + at) ^ load<u64>(p2 + at) ^ load<u64>(p3 + at);
    let high = load<u64>(p + at, 8) ^ load<u64>(p1 + at, 8) ^ load<u64>(p2 + at, 8) ^ load<u64>(p3 + at, 8);
    if (five) {
      low ^= load<u64>(p4 + at) ^ load<u64>(p5 + at);
      high ^= load<u64>(p4 + at, 8) ^ load<u64>(p5 + at, 8);
    }
    store<u64>(w + at, low);
    store<u64>(w + at, high, 8);
  }
}

/**
 * Folds `src` (at least `history` bytes) that continues the raw remainder `crc` into `tail`, which must hold `history + 16` bytes and
 * may not overlap `src`. Returns the tail's length; its remainder, started from 0, is that of `src` started from `crc`.
 *
 * `history` is a multiple of 16 from the largest offset up. The offsets ascend from 64 at least; `o4` and
 * `o5` are 0 for a polynomial of four terms.
 */
@inline
export function fold(
  tail: usize,
  src: usize,
  srcLength: usize,
  crc: u32,
  history: usize,
  o1: usize,
  o2: usize,
  o3: usize,
  o4: usize,
  o5: usize,
): usize {
  const five = o4 != 0;
  const window = scratch + history;
  clear(scratch, history);
  // A remainder carried in is an XOR onto the first four bytes; placed one largest offset before them, it reaches nothing else.
  store<u32>(window - (five ? o5 : o3), crc);
  let remaining = (srcLength - history) & ~15;
  const rest = srcLength - remaining;
  let p = src;
  let w = window;
  for (;;) {
    const length = min(remaining, windowLength);
    const end = window + length;
    for (; w + 64 <= end; w += 64, p += 64) {
      xor16(w, p, w - o1, w - o2, w - o3, w - o4, w - o5, five, 0);
      xor16(w, p, w - o1, w - o2, w - o3, w - o4, w - o5, five, 16);
      xor16(w, p, w - o1, w - o2, w - o3, w - o4, w - o5, five, 32);
      xor16(w, p, w - o1, w - o2, w - o3, w - o4, w - o5, five, 48);
    }
    for (; w < end; w += 16, p += 16) xor16(w, p, w - o1, w - o2, w - o3, w - o4, w - o5, five, 0);
    remaining -= length;
    if (remaining == 0) break;
    memory.copy(scratch, w - history, history);
    w = window;
  }
  clear(w, history + 16);
  const last = rest - 16;
  for (let i: usize = 0; i < last; i += 16) {
    xor16(tail + i, p + i, w + i - o1, w + i - o2, w + i - o3, w + i - o4, w + i - o5, five, 0);
  }
  xor16(tail, p, w - o1, w - o2, w - o3, w - o4, w - o5, five, last);
  return rest;
}
