// Planes of an OME-Zarr volume that any web server serves as files. With a bundler, the import is from "syncodec".
import { HttpStore, openArray, openGroup, slice } from "../../dist/web/index.js";

const [canvas, slider, position, levels, status] = document.querySelectorAll("[id]");
let requests = 0;
const store = new HttpStore(new URL("../../test/fixtures/real/mni152.ome.zarr", import.meta.url), {
  fetch(request) {
    requests++;
    return fetch(request);
  },
});

/** Planes that share inner chunks are read together, once: a promise of them by level and place. */
const slabs = new Map();

function slabOf(level, first) {
  const key = `${level}/${first}`;
  const slab = slabs.get(key) ?? arrays[level].get([slice(first, first + arrays[level].chunkShape[0])]);
  slabs.set(key, slab);
  slab.catch(() => slabs.delete(key)); // the next time it may be there
  return slab;
}

async function show() {
  const level = levels.selectedIndex;
  const { shape, chunkShape } = arrays[level];
  const z = Math.min(Math.floor(slider.value / scales[level]), shape[0] - 1);
  position.value = `${slider.value} mm`;
  const start = performance.now();
  const { data, stride } = await slabOf(level, z - (z % chunkShape[0]));
  if (level !== levels.selectedIndex || position.value !== `${slider.value} mm`) return; // moved on meanwhile
  const image = new ImageData(shape[2], shape[1]);
  const pixels = new Uint32Array(image.data.buffer);
  const plane = data.subarray((z % chunkShape[0]) * stride[0]);
  // From the last pixel to the first: axes count from back to front and from left to right, the view is the radiologist's.
  for (let i = 0; i < pixels.length; i++) pixels[pixels.length - 1 - i] = 0xff000000 + 0x010101 * plane[i];
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").putImageData(image, 0, 0);
  status.textContent = `Plane ${z}: ${(performance.now() - start).toFixed(1)} ms. Requests so far: ${requests}`;
}

const [{ datasets }] = (await openGroup(store)).attributes.ome.multiscales;
const scales = datasets.map(({ coordinateTransformations: [{ scale }] }) => scale[0]);
const arrays = await Promise.all(datasets.map(({ path }) => openArray(store, { path: `/${path}` })));
for (const { shape } of arrays) levels.add(new Option(shape.join(" × ")));
slider.max = arrays[0].shape[0] - 1;
addEventListener("input", () => show().catch((error) => (status.textContent = error.message)));
dispatchEvent(new Event("input"));
