/** The built-in codecs: a constant list. */

import { bloscCodec, numcodecsBloscCodec } from "./blosc.js";
import { bytesCodec } from "./bytes.js";
import type { Codec } from "./codec.js";
import { crc32cCodec } from "./crc32c.js";
import { gzipCodec } from "./gzip.js";
import { numcodecsLz4Codec } from "./numcodecs_lz4.js";
import { numcodecsShuffleCodec } from "./numcodecs_shuffle.js";
import { shardingIndexedCodec } from "./sharding_indexed.js";
import { transposeCodec } from "./transpose.js";
import { zstdCodec } from "./zstd.js";

export const builtInCodecs: readonly Codec[] = [
  bytesCodec,
  transposeCodec,
  shardingIndexedCodec,
  gzipCodec,
  zstdCodec,
  bloscCodec,
  numcodecsBloscCodec,
  numcodecsShuffleCodec,
  numcodecsLz4Codec,
  crc32cCodec,
];
