// Strokes are drawn on the canvas at once; when one ends, the pixels that it has changed go to the worker.
const [canvas, tools, status] = ["plane", "tools", "status"].map((id) => document.getElementById(id));
const context = canvas.getContext("2d", { willReadFrequently: true });
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
/** RGBA of each pixel. */
let stored;

worker.onmessage = ({ data: { pixels, text } }) => {
  status.textContent = text;
  if (pixels === undefined) return;
  stored = pixels;
  context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), canvas.width), 0, 0);
};
worker.onerror = ({ message }) => worker.onmessage({ data: { text: message } });

canvas.onpointerdown = (event) => {
  canvas.setPointerCapture(event.pointerId);
  Object.assign(context, { strokeStyle: tools.elements.colour.value, lineWidth: 5, lineCap: "round" });
  context.beginPath();
  canvas.onpointermove(event);
  canvas.onpointermove({ buttons: 1, offsetX: event.offsetX + 1, offsetY: event.offsetY }); // a dot if nothing follows
};
canvas.onpointermove = ({ buttons, offsetX, offsetY }) => {
  if (buttons === 0) return;
  context.lineTo((offsetX * canvas.width) / canvas.clientWidth, (offsetY * canvas.height) / canvas.clientHeight);
  context.stroke();
};
canvas.onlostpointercapture = () => {
  const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const changed = [...pixels.keys()].filter((i) => pixels[i] !== stored[i]);
  worker.postMessage({ changed, values: Uint32Array.from(changed, (i) => pixels[i]) });
  stored = pixels;
};

tools.onreset = () => worker.postMessage({});
