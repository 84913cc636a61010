/**
 * CRC-32C (Castagnoli): the checksum of the `crc32c` codec and of shard indexes.
 *
 * https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4
 *
 * Long inputs are folded with a multiple of the polynomial that has four terms (two loads fewer per v128 than six, but a long tail), the
 * tail with one of six terms, and the last two or three hundred bytes by table (see folding.ts). There are two of six terms: with a
 * smallest offset of 65 bytes it reads what is still in the store buffer, which costs a third of the speed from 4 KB up, but its tail is
 * shorter.
 *
 *     src | four terms, from 20 KB: tail 5280 + 63 | six terms, from 1.5 KB: tail 272 + 63, or from 512 B: 224 + 63 | slicing | -> crc
 *
 * GB/s      |   256 B |   1 KB |   4 KB |  64 KB |   1 MB |
 * SIMD      |     2.1 |    3.9 |    7.8 |   17.9 |   22.2 |
 * scalar    |     1.8 |    3.3 |    5.3 |    9.7 |   11.4 |
 * slicing   |     2.1 |    2.2 |    2.2 |    2.2 |    2.2 |
 */
import { fold } from "./folding";
import { buildTable, slicing } from "./slicing";

const table: usize = memory.data(16384, 16);
const longTail: usize = memory.data(5280 + 64, 16);
const shortTail: usize = memory.data(272 + 64, 16);
let tableBuilt = false;

/**
 * crc32c of `src` after `seed`, the crc32c of all that came before (0 at the start).
 * The table of 16 KiB is built by the first call.
 */
export function crc32c(src: usize, srcLength: usize, seed: u32): u32 {
  if (!tableBuilt) {
    buildTable(table, 0x82f63b78);
    tableBuilt = true;
  }
  let crc = ~seed;
  if (srcLength >= 20480) {
    srcLength = fold(longTail, src, srcLength, crc, 5280, 767, 2524, 5275, 0, 0);
    src = longTail;
    crc = 0;
  }
  if (srcLength >= 1536) {
    srcLength = fold(shortTail, src, srcLength, crc, 272, 123, 145, 178, 195, 266);
    src = shortTail;
    crc = 0;
  } else if (srcLength >= 512) {
    srcLength = fold(shortTail, src, srcLength, crc, 224, 65, 155, 170, 195, 209);
    src = shortTail;
    crc = 0;
  }
  return ~slicing(table, crc, src, srcLength);
}
