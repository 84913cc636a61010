// What a Cloudflare Worker does with the package: its host compiles no WebAssembly at run time, and gives it by imports.

import { createArray, MemoryStore, openArray, slice } from "syncodec";
import { useKernels } from "syncodec/kernels";
import blosc from "syncodec/kernels/blosc.wasm";
import bulk from "syncodec/kernels/bulk.wasm";
import core from "syncodec/kernels/core.wasm";
import deflate from "syncodec/kernels/deflate.wasm";
import filters from "syncodec/kernels/filters.wasm";
import zstd from "syncodec/kernels/zstd.wasm";
import zstdEncoder from "syncodec/kernels/zstd_encoder.wasm";

function check(isTrue, what) {
  if (!isTrue) throw new Error(`wrong: ${what}`);
}

const length = 1000;
const values = Int32Array.from({ length }, (_, i) => i);

async function roundTrip(store, options) {
  const path = `/${JSON.stringify(options).replaceAll("/", "")}`;
  const layout = { path, shape: [length], chunkShape: [100], dataType: "int32" };
  const array = await createArray(store, { ...layout, ...options });
  await array.set(null, values);
  await array.set([slice(10, 20)], 7);
  const { data } = await (await openArray(store, { path })).get();
  return data.every((value, i) => value === (i >= 10 && i < 20 ? 7 : i));
}

export default {
  async test() {
    const store = new MemoryStore();
    const refusal = await roundTrip(store, { compressors: ["crc32c"] }).catch((error) => error);
    check(refusal.code === "UNSUPPORTED" && refusal.message.includes("useKernels"), `compiled here: ${refusal}`);
    useKernels({ blosc, bulk, core, deflate, filters, zstd, zstdEncoder });
    for (const compressor of ["crc32c", "zstd", "gzip", "zlib", "blosc", "numcodecs.lz4", "numcodecs.fletcher32"]) {
      for (const shardShape of [undefined, [500]]) {
        const options = { compressors: [compressor], ...(shardShape && { shardShape }), overwrite: true };
        check(await roundTrip(store, options), `${compressor}, shards ${shardShape}`);
      }
    }
    check(await roundTrip(store, { zarrFormat: 2, filters: ["delta"], compressors: ["zlib"] }), "Zarr v2");
  },
};
