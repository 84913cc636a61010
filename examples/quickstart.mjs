import { createArraySync, openArraySync, slice } from "syncodec";
import { LocalStore } from "syncodec/node";

const store = new LocalStore("example.zarr");
const array = createArraySync(store, {
  shape: [512, 512],
  shardShape: [256, 256], // one file …
  chunkShape: [64, 64], //   … of 16 inner chunks, each with its own checksum
  dataType: "uint16",
  compressors: [{ name: "gzip", configuration: { level: 1 } }, "crc32c"],
  overwrite: true,
});
array.setSync(
  null,
  Uint16Array.from({ length: 512 * 512 }, (_, i) => i % 1000),
);
array.setSync([slice(100, 200), slice(100, 200)], 7); // replaces one shard, old or new

const { data, shape } = openArraySync(store).getSync([150, slice(95, 105)]); // no await
console.log(shape, data); // [ 10 ] Uint16Array(10) [ 895, 896, 897, 898, 899, 7, 7, 7, 7, 7 ]
