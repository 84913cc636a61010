/**
 * CRC-32 as in gzip members, which fflate does not check.
 *
 * https://www.rfc-editor.org/rfc/rfc1952#section-8
 *
 * Long inputs are folded with a multiple of the polynomial that has four terms (two loads fewer per v128 than six, but a long tail), the
 * tail with one of six terms, and the last three hundred bytes by table (see folding.ts).
 *
 *     src | four terms, from 20 KB: tail 4032 + 63 | six terms, from 512 B: tail 288 + 63 | slicing | -> crc
 *
 * GB/s      |   256 B |   1 KB |   4 KB |  64 KB |   1 MB |
 * SIMD      |     1.8 |    4.0 |    8.7 |   17.9 |   21.5 |
 * scalar    |     1.8 |    3.0 |    5.2 |   10.1 |   11.6 |
 */
import { fold } from "./folding";
import { buildTable, slicing } from "./slicing";

const table: usize = memory.data(16384, 16);
const longTail: usize = memory.data(4032 + 64, 16);
const shortTail: usize = memory.data(288 + 64, 16);
let tableBuilt = false;

/**
 * crc32 of `src` after `seed`, the crc32 of all that came before (0 at the start).
 * The table of 16 KiB is built by the first call.
 */
export function crc32(src: usize, srcLength: usize, seed: u32): u32 {
  if (!tableBuilt) {
    buildTable(table, 0xedb88320);
    tableBuilt = true;
  }
  let crc = ~seed;
  if (srcLength >= 20480) {
    srcLength = fold(longTail, src, srcLength, crc, 4032, 1927, 2181, 4018, 0, 0);
    src = longTail;
    crc = 0;
  }
  if (srcLength >= 512) {
    srcLength = fold(shortTail, src, srcLength, crc, 288, 181, 199, 255, 263, 274);
    src = shortTail;
    crc = 0;
  }
  return ~slicing(table, crc, src, srcLength);
}
