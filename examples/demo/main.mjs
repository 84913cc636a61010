/**
 * The main job on real data: verify and decode a sharded OME-Zarr volume synchronously, read slices of it, copy it into a store of its own,
 * patch a region, reopen, and prove every value. Then the same work against zarrita.
 *
 *     npm start [path of a folder like test/fixtures/real/mni152.ome.zarr]
 */
import { deepStrictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createArraySync, init, openArraySync, openGroupSync, slice } from "syncodec";
import { LocalStore } from "syncodec/node";
import { compare } from "./compare.mjs";

const fixtures = fileURLToPath(new URL("../../test/fixtures/", import.meta.url));
const folder = resolve(process.argv[2] ?? join(fixtures, "real/mni152.ome.zarr"));
const manifest = JSON.parse(readFileSync(join(fixtures, "manifest.json"), "utf8"));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const step = (text) => console.log(`  ${text}`);

await init();
const store = new LocalStore(folder);
const [{ name, axes, datasets }] = openGroupSync(store).attributes.ome.multiscales;
console.log(`${name}: ${datasets.length} levels, axes ${axes.map((axis) => axis.name).join(", ")}\n`);

for (const { path } of datasets) {
  const array = openArraySync(store, { path });
  const { data } = array.getSync();
  const expected = manifest.find((entry) => entry.path === `real/mni152.ome.zarr/${path}`);
  deepStrictEqual(sha256(data), expected.sha256, `level ${path} does not have the values it was written with`);
  step(`level ${path}: ${array.shape.join(" × ")} ${array.dataType}, every checksum and value verified`);
}

const volume = openArraySync(store, { path: datasets[0].path });
const plane = volume.getSync([94, null, null]);
const line = volume.getSync([94, 116, slice(60, 140, 10)]);
step(`plane z=94: ${plane.shape.join(" × ")}; every tenth voxel of a line: ${[...line.data].join(" ")}`);

const target = mkdtempSync(join(tmpdir(), "syncodec-demo-"));
try {
  const chunk = volume.getSync();
  const copyStore = new LocalStore(join(target, "copy.zarr"));
  const layout = {
    shape: volume.shape,
    shardShape: [96, 128, 128],
    chunkShape: [32, 32, 32],
    dataType: volume.dataType,
  };
  const copy = createArraySync(copyStore, { ...layout, compressors: ["zstd", "crc32c"] });
  copy.setSync(null, chunk);
  step("copied into shards of 96 × 128 × 128, zstd and crc32c");

  const region = [slice(90, 100), slice(100, 133), slice(50, 61)];
  copy.setSync(region, 255);
  const [z, y, x] = [0, 1, 2].map((axis) => chunk.stride[axis]);
  for (let i = 90; i < 100; i++)
    for (let j = 100; j < 133; j++) for (let k = 50; k < 61; k++) chunk.data[i * z + j * y + k * x] = 255;
  const reopened = openArraySync(new LocalStore(join(target, "copy.zarr")));
  deepStrictEqual(
    sha256(reopened.getSync().data),
    sha256(chunk.data),
    "the copy does not have the values it was given",
  );
  step(`patched 10 × 33 × 11 voxels, reopened, all ${chunk.data.length.toLocaleString("en")} values proven\n`);
  await compare(folder, target, volume);
} finally {
  rmSync(target, { recursive: true, force: true });
}
