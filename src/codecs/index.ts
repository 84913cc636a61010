/** The built-in codecs: a constant list. */

import { bloscCodec, numcodecsBloscCodec } from "./blosc.js";
import { bytesCodec } from "./bytes.js";
import type { Codec } from "./codec.js";
import { crc32cCodec } from "./crc32c.js";
import { gzipCodec, numcodecsGzipCodec } from "./gzip.js";
import {
  numcodecsAdler32Codec,
  numcodecsCrc32Codec,
  numcodecsCrc32cCodec,
  numcodecsFletcher32Codec,
  numcodecsJenkinsLookup3Codec,
} from "./numcodecs_checksums.js";
import { numcodecsLz4Codec } from "./numcodecs_lz4.js";
import { numcodecsShuffleCodec } from "./numcodecs_shuffle.js";
import { shardingIndexedCodec } from "./sharding_indexed.js";
import { transposeCodec } from "./transpose.js";
import { zlibCodec } from "./zlib.js";
import { numcodecsZstdCodec, zstdCodec } from "./zstd.js";

export const builtInCodecs: readonly Codec[] = [
  bytesCodec,
  transposeCodec,
  shardingIndexedCodec,
  gzipCodec,
  numcodecsGzipCodec,
  zlibCodec,
  zstdCodec,
  numcodecsZstdCodec,
  bloscCodec,
  numcodecsBloscCodec,
  numcodecsShuffleCodec,
  numcodecsLz4Codec,
  crc32cCodec,
  numcodecsCrc32Codec,
  numcodecsCrc32cCodec,
  numcodecsAdler32Codec,
  numcodecsFletcher32Codec,
  numcodecsJenkinsLookup3Codec,
];
