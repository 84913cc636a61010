/**
 * The rates of `src/pipeline/cost.ts`: microseconds of a call and nanoseconds of a decoded byte, from smooth int32 chunks of 4 KiB and of
 * 1 MiB; the best of 15 rounds.
 *
 *     npm run build && node bench/dispatch/calibrate.mjs
 */

import { createCodecPipeline, init } from "../../dist/index.js";

await init();

/** Best microseconds of one call of `body`. */
function time(body) {
  let repetitions = 1;
  for (let spent = 0; spent < 10; repetitions *= 2) {
    const start = performance.now();
    for (let n = 0; n < repetitions; n++) body();
    spent = performance.now() - start;
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 15; round++) {
    const start = performance.now();
    for (let n = 0; n < repetitions; n++) body();
    best = Math.min(best, (performance.now() - start) / repetitions);
  }
  return best * 1000;
}

const smooth = (count) =>
  Int32Array.from({ length: count }, (_, i) => Math.round(10000 * Math.sin(i / 300) + 300 * Math.sin(i / 7)));
const codec = (name, configuration) => [name, { name, configuration }];
const [small, large] = [4096, 2 ** 20];

console.log("codec                          decode: call µs  ns/byte   encode: call µs  ns/byte");
for (const [name, option, note] of [
  [...codec("gzip", { level: 1 }), "1"],
  [...codec("gzip", { level: 5 }), "5"],
  [...codec("gzip", { level: 9 }), "9"],
  [...codec("zlib", { level: 1 }), "1"],
  [...codec("zstd", { level: 0, checksum: false }), "0"],
  [...codec("zstd", { level: 9, checksum: false }), "9"],
  [...codec("blosc", { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 4, blocksize: 0 }), "lz4"],
  [...codec("blosc", { cname: "zstd", clevel: 5, shuffle: "shuffle", typesize: 4, blocksize: 0 }), "zstd"],
  [...codec("numcodecs.lz4", { acceleration: 1 }), ""],
  [...codec("numcodecs.shuffle", { elementsize: 4 }), ""],
  [...codec("crc32c", {}), ""],
]) {
  const rates = ["decode", "encode"].map((direction) => {
    const [a, b] = [small, large].map((bytes) => {
      const data = smooth(bytes / 4);
      const pipeline = createCodecPipeline({ shape: [data.length], dataType: "int32", codecs: ["bytes", option] });
      const encoded = pipeline.encodeSync(data);
      const out = new Int32Array(data.length);
      return time(
        direction === "decode" ? () => pipeline.decodeSync(encoded, { out }) : () => pipeline.encodeSync(data),
      );
    });
    const slope = (b - a) / (large - small);
    return `${(a - slope * small).toFixed(1).padStart(15)} ${(slope * 1000).toFixed(2).padStart(8)}`;
  });
  console.log(`${name} ${note}`.padEnd(31), rates.join("  "));
}
