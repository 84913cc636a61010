/** What a page does with syncodec/browser: an array in the origin private file system, and one that workers decode. */

import { configure, createArray, MemoryStore, openArray, slice } from "syncodec";
import { OpfsStore } from "syncodec/browser";

async function run() {
  const store = await OpfsStore.open("bundled");
  const options = { shape: [100], shardShape: [100], chunkShape: [10], dataType: "int32", overwrite: true };
  const array = await createArray(store, options);
  await array.set(null, 1);
  await array.set([slice(3, 5)], 2);
  const { data } = await (await openArray(store)).get([slice(2, 6)]);

  configure({ codecPipeline: { maxWorkers: 2 } });
  const length = 2 ** 21;
  const values = Int32Array.from({ length }, (_, i) => i & 0xff);
  const compressed = await createArray(new MemoryStore(), {
    ...{ shape: [length], chunkShape: [2 ** 15], dataType: "int32", compressors: ["gzip"] },
  });
  await compressed.set(null, values);
  const found = await compressed.get();
  return { opfs: [...data], isEqual: found.data.every((value, i) => value === values[i]) };
}

globalThis.results = run().catch((error) => ({ code: error.code, message: error.message }));
