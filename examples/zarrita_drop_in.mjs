// A program that keeps zarrita: its stores, arrays, slices and results, with syncodec's pipeline under get and set.
import { FileSystemStore } from "@zarrita/storage";
import { createArray } from "syncodec";
import { get, registerCodecs, set, withSyncodec } from "syncodec/zarrita";
import * as zarr from "zarrita";

const store = new FileSystemStore("drop_in.zarr");
await createArray(store, {
  shape: [400, 400],
  shardShape: [200, 200],
  chunkShape: [50, 50],
  dataType: "uint16",
  compressors: ["gzip", "crc32c"],
  overwrite: true,
});
const array = await zarr.open.v3(store, { kind: "array" });

// zarrita does not write shards, nor gzip.
const data = Uint16Array.from({ length: 160_000 }, (_, i) => i % 997);
await set(array, null, { data, shape: [400, 400], stride: [400, 1] });
await set(array, [zarr.slice(100, 300), zarr.slice(100, 300)], 7);

// In the place of zarr.get: the same arguments, the same result.
const region = await get(array, [zarr.slice(98, 102), 150]);
console.log(region.shape, region.stride, region.data);

// Or zarr.get as it is: through an extension of the array …
console.log((await zarr.get(withSyncodec(array), [zarr.slice(98, 102), 150])).data);

// … or with syncodec's codecs, which verify checksums.
registerCodecs(zarr.registry);
console.log((await zarr.get(await zarr.open.v3(store, { kind: "array" }), [zarr.slice(98, 102), 150])).data);
