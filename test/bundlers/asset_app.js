/** What a page does that has the encoder of zstd as an asset. */

import { createArray, MemoryStore } from "syncodec";
import { useKernels } from "syncodec/kernels";
import url from "syncodec/kernels/zstd_encoder.wasm?url";

async function run() {
  useKernels({ zstdEncoder: await WebAssembly.compileStreaming(fetch(url)) });
  const array = await createArray(new MemoryStore(), {
    shape: [9],
    chunkShape: [3],
    dataType: "int8",
    compressors: ["zstd"],
  });
  await array.set(null, 5);
  return [...(await array.get()).data];
}

globalThis.results = run().catch((error) => ({ code: error.code, message: error.message }));
