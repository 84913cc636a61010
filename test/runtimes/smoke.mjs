// What every runtime must do, by the built package alone. Prints one line; throws where something is wrong.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  configure,
  crc32c,
  createArray,
  createArraySync,
  init,
  MemoryStore,
  openArray,
  openArraySync,
  slice,
} from "../../dist/index.js";
import { LocalStore } from "../../dist/node.js";

function check(isTrue, what) {
  if (!isTrue) throw new Error(`wrong: ${what}`);
}

await init();
check(crc32c(new TextEncoder().encode("123456789")) === 0xe3069283, "crc32c");

const folder = mkdtempSync(join(tmpdir(), "syncodec-smoke-"));
const length = 300 * 200;
const values = Float32Array.from({ length }, (_, i) => Math.round(1000 * Math.sin(i / 50)) / 8);
const region = [slice(40, 160), slice(30, 50)];
let arrays = 0;
try {
  for (const compressor of ["none", "gzip", "zlib", "zstd", "blosc", "crc32c"]) {
    for (const shardShape of [undefined, [150, 100]]) {
      const options = {
        shape: [300, 200],
        chunkShape: [30, 20],
        ...(shardShape && { shardShape }),
        dataType: "float32",
        compressors: compressor === "none" ? [] : [compressor],
      };
      const stores = [new MemoryStore(), new Map(), new LocalStore(join(folder, `${compressor}-${shardShape}`))];
      for (const store of stores) {
        const array = createArraySync(store, options);
        array.setSync(null, values);
        array.setSync(region, 7.5);
        const { data } = openArraySync(store).getSync();
        const isRight = data.every((value, i) => {
          const [row, column] = [Math.floor(i / 200), i % 200];
          return value === (row >= 40 && row < 160 && column >= 30 && column < 50 ? 7.5 : values[i]);
        });
        check(isRight, `${compressor}, shards ${shardShape}, ${store.constructor.name}`);
        const later = await (await openArray(store, { pipeline: "batched" })).get(region);
        check(
          later.data.every((value) => value === 7.5),
          `${compressor}, asynchronously`,
        );
        arrays++;
      }
    }
  }

  // Long enough for threads, where there are any.
  configure({ codecPipeline: { maxWorkers: 2 } });
  const large = Int32Array.from({ length: 2 ** 22 }, (_, i) => (i * i) >> 8);
  const array = await createArray(new MemoryStore(), {
    shape: [large.length],
    chunkShape: [2 ** 18],
    dataType: "int32",
    compressors: ["gzip"],
  });
  await array.set(null, large);
  for (let i = 0; i < 4; i++)
    check(
      array.getSync().data.every((value, i) => value === large[i]),
      "threads",
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${arrays} arrays`);
