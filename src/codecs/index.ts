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
import { numcodecsJson2Codec } from "./numcodecs_json2.js";
import { numcodecsShuffleCodec } from "./numcodecs_shuffle.js";
import { shardingIndexedCodec } from "./sharding_indexed.js";
import { transposeCodec } from "./transpose.js";
import { vlenBytesCodec } from "./vlen_bytes.js";
import { vlenUtf8Codec } from "./vlen_utf8.js";
import { zlibCodec } from "./zlib.js";
import { zstdCodec } from "./zstd.js";

export const builtInCodecs: readonly Codec[] = [
  bytesCodec,
  transposeCodec,
  shardingIndexedCodec,
  gzipCodec,
  numcodecsGzipCodec,
  zlibCodec,
  zstdCodec,
  bloscCodec,
  numcodecsBloscCodec,
  numcodecsShuffleCodec,
  crc32cCodec,
  vlenUtf8Codec,
  vlenBytesCodec,
  numcodecsJson2Codec,
  numcodecsCrc32Codec,
  numcodecsCrc32cCodec,
  numcodecsAdler32Codec,
  numcodecsFletcher32Codec,
  numcodecsJenkinsLookup3Codec,
];
