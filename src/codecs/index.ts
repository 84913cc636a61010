/** The built-in codecs: a constant list. */

import { bitroundCodec } from "./bitround.js";
import { bytesCodec } from "./bytes.js";
import { castValueCodec } from "./cast_value.js";
import type { Codec } from "./codec.js";
import { crc32cCodec } from "./crc32c.js";
import { gzipCodec } from "./gzip.js";
import { numcodecsAstypeCodec } from "./numcodecs_astype.js";
import { numcodecsDeltaCodec } from "./numcodecs_delta.js";
import { numcodecsFixedScaleOffsetCodec } from "./numcodecs_fixedscaleoffset.js";
import { numcodecsPackbitsCodec } from "./numcodecs_packbits.js";
import { numcodecsQuantizeCodec } from "./numcodecs_quantize.js";
import { packbitsCodec } from "./packbits.js";
import { reshapeCodec } from "./reshape.js";
import { scaleOffsetCodec } from "./scale_offset.js";
import { shardingIndexedCodec } from "./sharding_indexed.js";
import { transposeCodec } from "./transpose.js";
import { zstdCodec } from "./zstd.js";

export const builtInCodecs: readonly Codec[] = [
  bytesCodec,
  transposeCodec,
  shardingIndexedCodec,
  gzipCodec,
  zstdCodec,
  crc32cCodec,
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
