/**
 * The built-in codecs as a bundle for browsers has them: what every sharded array needs at once, and each of the others in a chunk of its
 * own, with its kernels.
 */

import { lazyPart } from "../part.js";
import { bytesCodec } from "./bytes.js";
import type { Codec, LazyCodecs } from "./codec.js";
import { crc32cCodec } from "./crc32c.js";
import { shardingIndexedCodec } from "./sharding_indexed.js";

export const builtInCodecs: readonly Codec[] = [bytesCodec, shardingIndexedCodec, crc32cCodec];

function lazy(
  names: readonly string[],
  aliases: readonly string[],
  bring: () => Promise<readonly Codec[]>,
): LazyCodecs {
  return { names, aliases, codecs: lazyPart("The codec is", bring) };
}

export const lazyCodecs: readonly LazyCodecs[] = [
  lazy(["bitround"], ["numcodecs.bitround"], async () => [(await import("./bitround.js")).bitroundCodec]),
  lazy(["blosc", "numcodecs.blosc"], [], async () => {
    const { bloscCodec, numcodecsBloscCodec } = await import("./blosc.js");
    return [bloscCodec, numcodecsBloscCodec];
  }),
  lazy(["cast_value"], [], async () => [(await import("./cast_value.js")).castValueCodec]),
  lazy(["gzip", "numcodecs.gzip"], [], async () => {
    const { gzipCodec, numcodecsGzipCodec } = await import("./gzip.js");
    return [gzipCodec, numcodecsGzipCodec];
  }),
  lazy(["numcodecs.astype"], [], async () => [(await import("./numcodecs_astype.js")).numcodecsAstypeCodec]),
  lazy(
    ["numcodecs.adler32", "numcodecs.crc32", "numcodecs.crc32c", "numcodecs.fletcher32", "numcodecs.jenkins_lookup3"],
    ["adler32", "fletcher32", "https://codec.zarrs.dev/bytes_to_bytes/fletcher32"],
    async () => {
      const {
        numcodecsAdler32Codec,
        numcodecsCrc32Codec,
        numcodecsCrc32cCodec,
        numcodecsFletcher32Codec,
        numcodecsJenkinsLookup3Codec,
      } = await import("./numcodecs_checksums.js");
      return [
        numcodecsAdler32Codec,
        numcodecsCrc32Codec,
        numcodecsCrc32cCodec,
        numcodecsFletcher32Codec,
        numcodecsJenkinsLookup3Codec,
      ];
    },
  ),
  lazy(["numcodecs.delta"], [], async () => [(await import("./numcodecs_delta.js")).numcodecsDeltaCodec]),
  lazy(["numcodecs.fixedscaleoffset"], [], async () => [
    (await import("./numcodecs_fixedscaleoffset.js")).numcodecsFixedScaleOffsetCodec,
  ]),
  lazy(["numcodecs.json2"], [], async () => [(await import("./numcodecs_json2.js")).numcodecsJson2Codec]),
  lazy(["numcodecs.lz4"], ["lz4"], async () => [(await import("./numcodecs_lz4.js")).numcodecsLz4Codec]),
  lazy(["numcodecs.packbits"], [], async () => [(await import("./numcodecs_packbits.js")).numcodecsPackbitsCodec]),
  lazy(["numcodecs.quantize"], [], async () => [(await import("./numcodecs_quantize.js")).numcodecsQuantizeCodec]),
  lazy(["numcodecs.shuffle"], ["shuffle"], async () => [
    (await import("./numcodecs_shuffle.js")).numcodecsShuffleCodec,
  ]),
  lazy(["packbits"], [], async () => [(await import("./packbits.js")).packbitsCodec]),
  lazy(["reshape"], [], async () => [(await import("./reshape.js")).reshapeCodec]),
  lazy(["scale_offset"], [], async () => [(await import("./scale_offset.js")).scaleOffsetCodec]),
  lazy(["transpose"], [], async () => [(await import("./transpose.js")).transposeCodec]),
  lazy(["vlen-bytes"], [], async () => [(await import("./vlen_bytes.js")).vlenBytesCodec]),
  lazy(["vlen-utf8"], [], async () => [(await import("./vlen_utf8.js")).vlenUtf8Codec]),
  lazy(["zlib"], ["numcodecs.zlib"], async () => [(await import("./zlib.js")).zlibCodec]),
  lazy(["numcodecs.zstd", "zstd"], [], async () => {
    const { numcodecsZstdCodec, zstdCodec } = await import("./zstd.js");
    return [numcodecsZstdCodec, zstdCodec];
  }),
];
