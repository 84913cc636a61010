/** A page that does nothing but read a sharded array of numbers with checksums. */

import { crc32c, openArray } from "syncodec";

const withChecksum = (bytes) => {
  const result = new Uint8Array(bytes.length + 4);
  result.set(bytes);
  new DataView(result.buffer).setUint32(bytes.length, crc32c(bytes), true);
  return result;
};

/** Two inner chunks of four elements each. */
function shard() {
  const slots = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)].map(withChecksum);
  const index = withChecksum(new Uint8Array(new BigUint64Array([0n, 8n, 8n, 8n]).buffer));
  return Uint8Array.from([...slots, index].flatMap((part) => [...part]));
}

const checked = [{ name: "bytes" }, { name: "crc32c" }];
const document = {
  zarr_format: 3,
  node_type: "array",
  shape: [8],
  data_type: "uint8",
  chunk_grid: { name: "regular", configuration: { chunk_shape: [8] } },
  chunk_key_encoding: { name: "default" },
  fill_value: 0,
  codecs: [
    {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [4],
        codecs: checked,
        index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
      },
    },
  ],
};
const values = { "/zarr.json": new TextEncoder().encode(JSON.stringify(document)), "/c/0": shard() };
const store = {
  get: async (key) => values[key],
  getRange: async (key, { offset = values[key].length, length, suffixLength = 0 }) =>
    values[key].slice(offset - suffixLength, length === undefined ? undefined : offset + length),
};

async function run() {
  const array = await openArray(store);
  return { all: [...(await array.get()).data], one: await array.get([6]) };
}

globalThis.results = run().catch((error) => ({ code: error.code, message: error.message }));
