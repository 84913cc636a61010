/**
 * CRC-32 as in gzip members, which fflate does not check.
 *
 * https://www.rfc-editor.org/rfc/rfc1952#section-8
 *
 * Long inputs are folded with a multiple of the polynomial that has four terms (two loads fewer per v128 than six, but a long tail), the
 * tail with one of six terms (see folding.ts), and the last three hundred bytes by tables (see nibbles.ts and slicing.ts).
 *
 *     src | four terms, from 20 KB: tail 4032 + 15 | six terms, from 512 B: tail 288 + 15 | tables | -> crc
 *
 * GB/s; the last row multiplies without carry in a native addon, which WebAssembly cannot:
 *
 *             |  64 B | 256 B |   1 KB |   4 KB |  64 KB |   1 MB |
 * SIMD        |   1.7 |   2.9 |    5.7 |   10.7 |   17.3 |   19.6 |
 * scalar      |   1.4 |   2.0 |    3.3 |    5.3 |    8.9 |   10.0 |
 * @node-rs    |   0.5 |   1.8 |    6.0 |   13.4 |   21.8 |   22.3 |
 */
import { fold } from "./folding";
import { buildRows, nibbles } from "./nibbles";
import { buildTable, slicing } from "./slicing";

const table: usize = memory.data(16384, 16);
const rows: usize = memory.data(4096, 16);
const longTail: usize = memory.data(4032 + 16, 16);
const shortTail: usize = memory.data(288 + 16, 16);
let tableBuilt = false;

/**
 * crc32 of `src` after `seed`, the crc32 of all that came before (0 at the start).
 * The tables, 20 KiB, are built by the first call.
 */
export function crc32(src: usize, srcLength: usize, seed: u32): u32 {
  if (!tableBuilt) {
    buildTable(table, 0xedb88320);
    if (ASC_FEATURE_SIMD) buildRows(rows, table);
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
  if (ASC_FEATURE_SIMD && srcLength >= 32) return ~nibbles(rows, table, crc, src, srcLength);
  return ~slicing(table, crc, src, srcLength);
}
