/**
 * The blosc codec against numcodecs.js, in one process and by turns: throughput of smooth int32 and float32 chunks, and the ratio that each
 * reaches. What each engine writes is first decoded by both.
 *
 *     npm run build && node bench/blosc.mjs [lz4 zstd ...]
 */

import Blosc from "numcodecs/blosc";
import { createCodecPipeline, init } from "syncodec";

await init();
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);

function expectEqual(found, expected, what) {
  if (Buffer.compare(bytesOf(found), bytesOf(expected)) !== 0) throw new Error(`${what} gave other bytes`);
}

/** Medians of two bodies in microseconds, measured by turns so that both meet the same machine. */
async function compare(ours, theirs, bytes) {
  const calls = Math.max(1, Math.round(2 ** 21 / bytes));
  const turns = 25;
  const times = [[], []];
  for (let turn = -3; turn < turns; turn++) {
    for (const [i, body] of [ours, theirs].entries()) {
      const start = performance.now();
      for (let call = 0; call < calls; call++) {
        const result = body();
        if (i === 1) await result;
      }
      if (turn >= 0) times[i].push(((performance.now() - start) / calls) * 1000);
    }
  }
  return times.map(median);
}

const smooth = {
  int32: (length) => Int32Array.from({ length }, (_, i) => Math.round(1e4 * Math.sin(i / 500))),
  float32: (length) => Float32Array.from({ length }, (_, i) => 20 + 5 * Math.sin(i / 500)),
};
const shuffles = ["noshuffle", "shuffle", "bitshuffle"];
const compressors = process.argv.length > 2 ? process.argv.slice(2) : ["lz4", "zstd"];

console.log("Level 5, GB/s (medians) and times as fast as numcodecs.js; ratio of the encoded lengths\n");
console.log(
  "                                     decode                          encode                   encoded bytes",
);
console.log(
  "cname    shuffle     type       KiB    syncodec  numcodecs.js          syncodec  numcodecs.js         syncodec / numcodecs.js",
);
for (const cname of compressors) {
  for (const [shuffle, shuffleName] of shuffles.entries()) {
    for (const [dataType, make] of Object.entries(smooth)) {
      for (const bytes of [2 ** 20, 2 ** 16, 2 ** 12]) {
        const data = make(bytes / 4);
        const raw = bytesOf(data);
        const configuration = { cname, clevel: 5, shuffle: shuffleName, typesize: 4, blocksize: 0 };
        const pipeline = createCodecPipeline({
          shape: [data.length],
          dataType,
          codecs: ["bytes", { name: "blosc", configuration }],
        });
        const peer = Blosc.fromConfig({ id: "blosc", cname, clevel: 5, shuffle, blocksize: 0 });
        const ours = pipeline.encodeSync(data);
        const theirs = await peer.encode(raw);
        for (const [name, encoded] of [
          ["syncodec", ours],
          ["numcodecs.js", theirs],
        ]) {
          expectEqual(pipeline.decodeSync(encoded).data, raw, `syncodec, reading ${name},`);
          expectEqual(await peer.decode(encoded), raw, `numcodecs.js, reading ${name},`);
        }
        const decoding = await compare(
          () => pipeline.decodeSync(theirs),
          () => peer.decode(theirs),
          bytes,
        );
        const encoding = await compare(
          () => pipeline.encodeSync(data),
          () => peer.encode(raw),
          bytes,
        );
        const speeds = ([a, b]) =>
          `${(bytes / a / 1000).toFixed(2).padStart(10)}${(bytes / b / 1000).toFixed(2).padStart(14)}${(b / a).toFixed(2).padStart(7)}×`;
        console.log(
          `${cname.padEnd(9)}${shuffleName.padEnd(12)}${dataType.padEnd(8)}${String(bytes / 1024).padStart(6)}  ${speeds(decoding)}  ${speeds(encoding)}  ${String(ours.byteLength).padStart(8)} ${(ours.byteLength / theirs.byteLength).toFixed(3)}`,
        );
      }
    }
  }
}
