/**
 * gzip and zlib decoding with all checks against bare fflate, which makes none, and `node:zlib`: smooth int32 chunks of 1 KiB to 1 MiB.
 * The three alternate in one process; each figure is the best of 60 rounds, which says most on a busy machine.
 *
 *     npm run build && node bench/gzip.mjs
 */

import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import * as fflate from "fflate";
import { createCodecPipeline } from "syncodec";

/** Microseconds of each body. */
function time(bodies, rounds = 60) {
  const repetitions = bodies.map((body) => {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < 100) {
      body();
      count++;
    }
    return Math.ceil(count / 50);
  });
  const best = bodies.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [i, body] of bodies.entries()) {
      const start = performance.now();
      for (let n = repetitions[i]; n > 0; n--) body();
      best[i] = Math.min(best[i], (performance.now() - start) / repetitions[i]);
    }
  }
  return best.map((milliseconds) => milliseconds * 1000);
}

const smooth = (count) =>
  Int32Array.from({ length: count }, (_, i) => Math.round(10000 * Math.sin(i / 300) + 300 * Math.sin(i / 7)));

console.log("codec    decoded   encoded  level   syncodec µs    MB/s   fflate µs   ratio   node:zlib µs   ratio");
for (const [codec, encode, bare, host] of [
  ["gzip", gzipSync, fflate.gunzipSync, gunzipSync],
  ["zlib", deflateSync, fflate.unzlibSync, inflateSync],
]) {
  for (const bytes of [1024, 4096, 65536, 2 ** 20]) {
    const level = codec === "gzip" ? 5 : 1;
    const data = smooth(bytes / 4);
    const encoded = Uint8Array.from(encode(data, { level }));
    const shape = [data.length];
    const pipeline = createCodecPipeline({ shape, dataType: "int32", codecs: ["bytes", codec] });
    const found = pipeline.decodeSync(encoded).data;
    if (!found.every((value, i) => value === data[i])) throw new Error(`${codec}: wrong elements`);
    const [ours, theirs, node] = time([
      () => pipeline.decodeSync(encoded),
      () => bare(encoded, { out: new Uint8Array(bytes) }),
      () => host(encoded),
    ]);
    console.log(
      codec.padEnd(6),
      String(bytes).padStart(9),
      String(encoded.byteLength).padStart(9),
      String(level).padStart(6),
      ours.toFixed(1).padStart(13),
      (bytes / ours).toFixed(0).padStart(7),
      theirs.toFixed(1).padStart(11),
      `${(theirs / ours).toFixed(2)}×`.padStart(7),
      node.toFixed(1).padStart(14),
      `${(node / ours).toFixed(2)}×`.padStart(7),
    );
  }
}
