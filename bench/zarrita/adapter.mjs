// `syncodec/zarrita` against zarrita: whole reads of 1,000,000 elements of uint8 in memory, in turn, medians of 15 (after `npm run build`).
import * as zarr from "zarrita";
import { createArraySync, init } from "../../dist/index.js";
import { get, registerCodecs, withSyncodec } from "../../dist/zarrita.js";

class RangeMap extends Map {
  getRange(key, range) {
    const value = this.get(key);
    const start = "suffixLength" in range ? Math.max(0, value.length - range.suffixLength) : range.offset;
    return value.subarray(start, start + (range.length ?? range.suffixLength));
  }
}

const elements = Uint8Array.from({ length: 1e6 }, (_, i) => (i * i) >> 7);
const layouts = {
  "1000 chunks": { shape: [1e6], chunkShape: [1000] },
  "10 chunks": { shape: [1e6], chunkShape: [100_000] },
  "100 chunks, 2-d": { shape: [1000, 1000], chunkShape: [100, 100] },
  "1 shard of 1000": { shape: [1e6], chunkShape: [1000], shardShape: [1e6] },
};
const runs = 15;
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

await init();
const theirs = new Map(zarr.registry);
for (const [name, layout] of Object.entries(layouts)) {
  for (const compressor of ["none", "crc32c", "gzip", "zstd"]) {
    const store = new RangeMap();
    const compressors = compressor === "none" ? [] : [compressor];
    createArraySync(store, { ...layout, dataType: "uint8", compressors }).setSync(null, elements);
    const open = () => zarr.open.v3(store, { kind: "array" });
    // An array takes its codecs when its first chunk is read.
    for (const [codec, load] of theirs) zarr.registry.set(codec, load);
    const plain = await open();
    await zarr.get(plain);
    registerCodecs(zarr.registry);
    const registered = await open();
    const extended = withSyncodec(await open());
    const reads = {
      zarrita: () => zarr.get(plain),
      get: () => get(plain),
      withSyncodec: () => zarr.get(extended),
      registerCodecs: () => zarr.get(registered),
    };
    const times = new Map(Object.keys(reads).map((read) => [read, []]));
    for (let run = -3; run < runs; run++) {
      for (const [read, body] of Object.entries(reads)) {
        const start = performance.now();
        const { data } = await body();
        const ms = performance.now() - start;
        if (Buffer.compare(data, elements) !== 0) throw new Error(`${read} of ${name}, ${compressor}: wrong elements`);
        if (run >= 0) times.get(read).push(ms);
      }
    }
    const base = median(times.get("zarrita"));
    const columns = [...times].map(
      ([read, all]) => `${read} ${median(all).toFixed(2)} ms ${(base / median(all)).toFixed(1)}×`,
    );
    console.log(`${name}, ${compressor}:`.padEnd(26), columns.join("   "));
  }
}
