/**
 * CRC-32C (Castagnoli): the checksum of the `crc32c` codec and of shard indexes.
 *
 * https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4
 *
 * Long inputs are folded with a multiple of the polynomial that has four terms (two loads fewer per v128 than six, but a long tail), the
 * tail with one of six terms (see folding.ts), and the last two or three hundred bytes by tables (see nibbles.ts and slicing.ts). There are
 * two of six terms: with a smallest offset of 65 bytes it reads what is still in the store buffer, which costs a third of the speed from
 * 4 KB up, but its tail is shorter.
 *
 *     src | four terms, from 20 KB: tail 5280 + 15 | six terms, from 1.5 KB: tail 272 + 15, or from 512 B: 224 + 15 | tables | -> crc
 *
 * GB/s; the last row is the processor's own instruction, called by a native addon:
 *
 *             |  64 B | 256 B |   1 KB |   4 KB |  64 KB |   1 MB |
 * SIMD        |   1.8 |   3.3 |    4.8 |    9.3 |   16.4 |   19.2 |
 * scalar      |   1.6 |   2.1 |    3.8 |    5.3 |    8.7 |    9.9 |
 * slicing     |   1.6 |   2.1 |    2.2 |    2.2 |    2.2 |    2.2 |
 * sse4_crc32  |   0.6 |   2.3 |    4.3 |    5.3 |    5.7 |    5.7 |
 */
import { fold } from "./folding";
import { buildRows, nibbles } from "./nibbles";
import { buildTable, slicing } from "./slicing";

const table: usize = memory.data(16384, 16);
const rows: usize = memory.data(4096, 16);
const longTail: usize = memory.data(5280 + 16, 16);
const shortTail: usize = memory.data(272 + 16, 16);
let tableBuilt = false;

/**
 * crc32c of `src` after `seed`, the crc32c of all that came before (0 at the start).
 * The tables, 20 KiB, are built by the first call.
 */
export function crc32c(src: usize, srcLength: usize, seed: u32): u32 {
  if (!tableBuilt) {
    buildTable(table, 0x82f63b78);
    if (ASC_FEATURE_SIMD) buildRows(rows, table);
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
  if (ASC_FEATURE_SIMD && srcLength >= 32) return ~nibbles(rows, table, crc, src, srcLength);
  return ~slicing(table, crc, src, srcLength);
}
