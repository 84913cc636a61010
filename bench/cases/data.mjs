/** Elements to write and read: every generator gives the same elements in every run. */

export const typedArrays = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  int32: Int32Array,
  float32: Float32Array,
};

export const product = (numbers) => numbers.reduce((total, number) => total * number, 1);

/** Bytes of the elements `data`, without a copy. */
export const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);

/** Integers from 0 to `bound` - 1 that look random: a linear congruential generator. */
export function randomIntegers(bound, seed = 1) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 16) % bound;
  };
}

const generators = {
  ones: (length, Elements) => new Elements(length).fill(1),
  zeros: (length, Elements) => new Elements(length),
  /** Semi-random: a sine of period 256, amplitude 50, offset 128, with noise of -1, 0 or 1. */
  sine: (length, Elements) => {
    const period = Float64Array.from({ length: 256 }, (_, i) => 128 + 50 * Math.sin((2 * Math.PI * i) / 256));
    const random = randomIntegers(3);
    const data = new Elements(length);
    for (let i = 0; i < length; i++) data[i] = period[i & 255] + random() - 1;
    return data;
  },
  random: (length, Elements) => {
    const random = randomIntegers(256);
    const data = new Elements(length);
    const bytes = bytesOf(data);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random();
    return data;
  },
  /** Neighbours differ little, as in images and simulations. */
  smooth: (length, Elements) => {
    const data = new Elements(length);
    const isFloat = Elements === Float32Array;
    for (let i = 0; i < length; i++) data[i] = isFloat ? 20 + 5 * Math.sin(i / 500) : 1e4 * Math.sin(i / 500);
    return data;
  },
  /** 0 to 250 over and over: equal bytes have unlike neighbours. */
  ramp: (length, Elements) => {
    const data = new Elements(length);
    for (let i = 0; i < length; i++) data[i] = i % 251;
    return data;
  },
};

/** (z + y² / 32 + x³) mod 65536 with x the slowest axis, for a cube. */
function surface([x, y, z]) {
  const data = new Uint16Array(x * y * z);
  let i = 0;
  for (let a = 0; a < x; a++) {
    for (let b = 0; b < y; b++) {
      const base = Math.floor((b * b) / 32) + a * a * a;
      for (let c = 0; c < z; c++) data[i++] = base + c;
    }
  }
  return data;
}

/** All elements of an array of `shape`, in C order. */
export function generate(name, shape, dataType) {
  return name === "surface" ? surface(shape) : generators[name](product(shape), typedArrays[dataType]);
}

/** An entry of a selection with its start, step and count: a number, `null` for all, or [start, stop, step]. */
function axisRange(entry, length) {
  if (entry === null) return { start: 0, step: 1, count: length };
  if (typeof entry === "number") return { start: entry, step: 1, count: 1 };
  const [start, stop, step] = entry;
  return { start, step, count: Math.ceil((stop - start) / step) };
}

/** The elements of `data` under a selection, in C order. */
export function select(data, shape, selection) {
  if (selection === null) return data;
  const axes = selection.map((entry, axis) => axisRange(entry, shape[axis]));
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
  const found = new data.constructor(product(axes.map(({ count }) => count)));
  for (let i = 0; i < found.length; i++) {
    let rest = i;
    let at = 0;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { start, step, count } = axes[axis];
      at += (start + (rest % count) * step) * strides[axis];
      rest = Math.floor(rest / count);
    }
    found[i] = data[at];
  }
  return found;
}

/** Throws if two runs of elements do not have the same bytes. */
export function expectEqual(found, expected, what) {
  const [a, b] = [bytesOf(found), bytesOf(expected)];
  if (a.length !== b.length) throw new Error(`${what}: ${a.length} bytes, ${b.length} expected`);
  // A plain loop: a callback would take a second for 100 MB.
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) throw new Error(`${what}: byte ${i} is ${a[i]}, ${b[i]} expected`);
  }
}
