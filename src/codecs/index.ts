/** The built-in codecs: a constant list, and those that are loaded on demand. */

import { bitroundCodec } from "./bitround.js";
import { bloscCodec, numcodecsBloscCodec } from "./blosc.js";
import { bytesCodec } from "./bytes.js";
import { castValueCodec } from "./cast_value.js";
import type { Codec, LazyCodecs } from "./codec.js";
import { crc32cCodec } from "./crc32c.js";
import { gzipCodec, numcodecsGzipCodec } from "./gzip.js";
import { numcodecsAstypeCodec } from "./numcodecs_astype.js";
import {
  numcodecsAdler32Codec,
  numcodecsCrc32Codec,
  numcodecsCrc32cCodec,
  numcodecsFletcher32Codec,
  numcodecsJenkinsLookup3Codec,
} from "./numcodecs_checksums.js";
import { numcodecsDeltaCodec } from "./numcodecs_delta.js";
import { numcodecsFixedScaleOffsetCodec } from "./numcodecs_fixedscaleoffset.js";
import { numcodecsJson2Codec } from "./numcodecs_json2.js";
import { numcodecsLz4Codec } from "./numcodecs_lz4.js";
import { numcodecsPackbitsCodec } from "./numcodecs_packbits.js";
import { numcodecsQuantizeCodec } from "./numcodecs_quantize.js";
import { numcodecsShuffleCodec } from "./numcodecs_shuffle.js";
import { packbitsCodec } from "./packbits.js";
import { reshapeCodec } from "./reshape.js";
import { scaleOffsetCodec } from "./scale_offset.js";
import { shardingIndexedCodec } from "./sharding_indexed.js";
import { transposeCodec } from "./transpose.js";
import { vlenBytesCodec } from "./vlen_bytes.js";
import { vlenUtf8Codec } from "./vlen_utf8.js";
import { zlibCodec } from "./zlib.js";
import { numcodecsZstdCodec, zstdCodec } from "./zstd.js";

/** Here all are in the list. */
export const lazyCodecs: readonly LazyCodecs[] = [];

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
  numcodecsLz4Codec,
  numcodecsZstdCodec,
  crc32cCodec,
  vlenUtf8Codec,
  vlenBytesCodec,
  numcodecsJson2Codec,
  numcodecsCrc32Codec,
  numcodecsCrc32cCodec,
  numcodecsAdler32Codec,
  numcodecsFletcher32Codec,
  numcodecsJenkinsLookup3Codec,
  reshapeCodec,
  packbitsCodec,
  castValueCodec,
  scaleOffsetCodec,
  bitroundCodec,
  numcodecsAstypeCodec,
  numcodecsDeltaCodec,
  numcodecsFixedScaleOffsetCodec,
  numcodecsQuantizeCodec,
  numcodecsPackbitsCodec,
];
