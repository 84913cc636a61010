// The image is an array in the origin private file system: one shard, whose inner chunks have a fixed size, so that a stroke patches its slots.
import { OpfsStore } from "../../dist/web/browser.js";
import { createArray, HttpStore, openArray } from "../../dist/web/index.js";

const layout = { shape: [233, 197], shardShape: [256, 224], chunkShape: [32, 32], dataType: "uint32" };
const volume = new HttpStore(new URL("../../test/fixtures/real/mni152.ome.zarr", import.meta.url));

/** A plane of the volume as RGBA, turned by half: the radiologist's view. */
async function readPlane() {
  const { data } = await (await openArray(volume, { path: "/0" })).get([94]);
  return Uint32Array.from(data.reverse(), (grey) => 0xff000000 + 0x010101 * grey);
}

addEventListener("unhandledrejection", ({ reason }) => postMessage({ text: reason.message }));
addEventListener("message", async ({ data: { changed, values } }) => {
  if (changed === undefined) await image.set(null, await readPlane());
  else await image.setPoints([changed.map((i) => Math.floor(i / 197)), changed.map((i) => i % 197)], values);
  const text = `Stored: ${changed?.length ?? "all"} pixels`;
  postMessage({ pixels: changed ? undefined : (await image.get()).data, text });
});

const store = await OpfsStore.open("painting.zarr");
const image = await openArray(store).catch(() => createArray(store, { ...layout, compressors: ["crc32c"] }));
// Transparent: nothing has been stored yet.
if ((await image.get([0, 0])) === 0) await image.set(null, await readPlane());
postMessage({ pixels: (await image.get()).data, text: "Paint with the mouse, a pen or a finger" });
