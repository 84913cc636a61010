/** What the writers of the interop test share: shapes, random numbers, JSON. */

export const product = (shape) => shape.reduce((size, extent) => size * extent, 1);
export const cStride = (shape) => shape.map((_, axis) => product(shape.slice(axis + 1)));

/** A seeded generator of unsigned 32-bit integers (mulberry32). */
export function randomSource(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** JSON with every digit of a bigint, "NaN" and "Infinity" as strings, and the sign of -0. */
export function toJson(value) {
  if (typeof value === "bigint") return String(value);
  if (Object.is(value, -0)) return "-0.0";
  if (typeof value === "number" && !Number.isFinite(value)) return `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toJson(member)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
