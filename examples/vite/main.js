import { HttpStore, openArray } from "syncodec";
import "syncodec/browser"; // lets Web Workers help where that saves time, and the page turn meanwhile
import "../style.css";

const status = document.getElementById("status");
const canvases = document.querySelectorAll("canvas");
const volume = await openArray(new HttpStore(new URL("mni152.ome.zarr", document.baseURI)), { path: "/0" });
const { data, shape, stride } = await volume.get();
const time = performance.now().toFixed(0);

/** Where the three planes meet. */
const centre = shape.map((length) => length >> 1);

/** The plane at right angles to the axis, from the last element to the first: axes count from back to front and from below. */
function draw(canvas) {
  const [axis, rows, columns] = canvas.dataset.axes.split(" ");
  [canvas.width, canvas.height] = [shape[columns], shape[rows]];
  const pixels = new Uint32Array(shape[rows] * shape[columns]);
  for (let i = 0, place = pixels.length; place-- > 0; i++) {
    const [row, column] = [Math.floor(i / shape[columns]), i % shape[columns]];
    const grey = data[centre[axis] * stride[axis] + row * stride[rows] + column * stride[columns]];
    pixels[place] = 0xff000000 + 0x010101 * grey;
  }
  const context = canvas.getContext("2d");
  context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), canvas.width), 0, 0);
  context.fillStyle = "#58a6ff80";
  context.fillRect(0, shape[rows] - 1 - centre[rows], canvas.width, 1);
  context.fillRect(shape[columns] - 1 - centre[columns], 0, 1, canvas.height);
}

function drawAll() {
  for (const canvas of canvases) draw(canvas);
  const value = data[centre.reduce((sum, place, axis) => sum + place * stride[axis], 0)];
  status.textContent = `${shape.join(" × ")} voxels ${time} ms after the page began. At ${centre.join(", ")}: ${value}`;
}

function cut({ target, offsetX, offsetY }) {
  const [, rows, columns] = target.dataset.axes.split(" ");
  const at = (axis, part) => Math.max(0, Math.min(shape[axis] - 1, Math.floor((1 - part) * shape[axis])));
  centre[rows] = at(rows, offsetY / target.clientHeight);
  centre[columns] = at(columns, offsetX / target.clientWidth);
  drawAll();
}

for (const canvas of canvases) canvas.onpointermove = canvas.onpointerdown = cut;
drawAll();
