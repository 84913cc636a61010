/** Changes of JSON documents: values swapped for others, extremes, repeated names, deep nesting, names that are special in JavaScript. */

import type { Random } from "../model/random.js";
import { type Mutate, mutateBytes } from "./mutate.js";

const tokens = /"(?:[^"\\]|\\.)*"?|[[\]{},:]|[^\s"[\]{},:]+|\s+/gsu;

const numbers = [
  ..."0,-0,1,-1,2,3,7,31,32,33,64,255,256,0.5,2.0,1e0,1E+2,1e400,-1e400,1e-400,NaN,Infinity,01,+1,.5,1.".split(","),
  ..."2147483647,2147483648,4294967295,4294967296,9007199254740991,9007199254740992,9007199254740993".split(","),
  ..."9223372036854775807,9223372036854775808,18446744073709551615,18446744073709551616".split(","),
  `1${"0".repeat(400)}`,
  `0.${"3".repeat(900)}`,
];

const names = [
  ..."__proto__,constructor,toString,hasOwnProperty,length,then,name,configuration,must_understand".split(","),
  ..."zarr_format,node_type,shape,data_type,chunk_grid,chunk_shape,fill_value,codecs,index_codecs".split(","),
  ..."attributes,dimension_names,storage_transformers,consolidated_metadata,kind,metadata,order,level".split(","),
  ..."fields,length_bytes,unit,scale_factor,scale,offset,typesize,blocksize,shuffle,dtype,astype".split(","),
];

const texts = [
  ...names,
  "",
  "/",
  ".",
  "..",
  "a/../b",
  "%2e%2e",
  "%2F",
  "a\\b",
  "C:",
  "__x",
  "zarr.json",
  "\0",
  "\u{1f600}",
  "\ud800",
  "0x7fc00001",
  "NaN",
  "Infinity",
  "-Infinity",
  "2",
  "true",
  "little",
  "big",
  "start",
  "end",
  "regular",
  "default",
  "v2",
  "bytes",
  "crc32c",
  "transpose",
  "sharding_indexed",
  ..."float32,complex64,r24,r7,raw_bytes,null_terminated_bytes,fixed_length_utf32,struct,structured,string".split(","),
  ..."numpy.datetime64,numpy.timedelta64,ns,generic,NaT,AQI=,0x7ff8000000000001,<i4,|b1,>f8".split(","),
  "x".repeat(300),
];

function leaf(random: Random): string {
  const kind = random.integer(0, 9);
  if (kind < 4) return random.pick(numbers);
  if (kind < 8) return JSON.stringify(random.pick(texts));
  return random.pick(["true", "false", "null", "[]", "{}", '{"must_understand":false}', "tru", '"\\x"', '"\\ud800"']);
}

/** The last token of the value that begins at `start`. */
function valueEnd(list: readonly string[], start: number): number {
  let depth = 0;
  for (let i = start; i < list.length; i++) {
    const token = list[i]!;
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth <= 0) return i;
  }
  return list.length - 1;
}

/** A random value of the document as [first, last] token; of 8 tries the first that begins no separator. */
function pickValue(list: readonly string[], random: Random): [number, number] {
  let start = 0;
  for (let tries = 0; tries < 8; tries++) {
    start = random.integer(0, Math.max(0, list.length - 1));
    if (!/^[\s,:\]}]/.test(list[start] ?? ",")) break;
  }
  return [start, valueEnd(list, start)];
}

type Change = (list: string[], random: Random) => void;

const changes: readonly Change[] = [
  (list, random) => {
    const [start, end] = pickValue(list, random);
    list.splice(start, end - start + 1, leaf(random));
  },
  (list, random) => {
    const [start, end] = pickValue(list, random);
    const [from, to] = pickValue(list, random);
    list.splice(start, end - start + 1, ...list.slice(from, to + 1));
  },
  // Also repeats names.
  (list, random) => {
    const [start, end] = pickValue(list, random);
    const withName = list[end + 1] === ":" ? valueEnd(list, end + 2) : end;
    list.splice(start, 0, ...list.slice(start, withName + 1), ",");
  },
  (list, random) => {
    const [start, end] = pickValue(list, random);
    list.splice(start, end - start + 1);
  },
  (list, random) => {
    const [start, end] = pickValue(list, random);
    const depth = random.pick([1, 1, 2, 20, 505, 511, 512, 513, 2000]);
    const [open, close] = random.pick([
      ["[", "]"],
      ['{"a":', "}"],
      ["[", ""],
    ] as const);
    list.splice(start, end - start + 1, open.repeat(depth), ...list.slice(start, end + 1), close.repeat(depth));
  },
  (list, random) => {
    const at = list.indexOf("{", random.integer(0, list.length));
    if (at >= 0) list.splice(at + 1, 0, JSON.stringify(random.pick(names)), ":", leaf(random), ",");
  },
  (list, random) => {
    const at = list.indexOf("[", random.integer(0, list.length));
    const count = random.chance(0.9) ? random.integer(1, 3) : random.integer(30, 40);
    if (at >= 0) list.splice(at + 1, 0, ...Array.from({ length: count }, () => `${leaf(random)},`));
  },
  // Numbers one off.
  (list, random) => {
    const at = random.integer(0, Math.max(0, list.length - 1));
    if (/^-?[0-9]{1,15}$/.test(list[at] ?? "")) list[at] = `${Number(list[at]) + random.pick([-1, 1, 10])}`;
  },
  (list, random) => {
    list.splice(
      random.integer(0, list.length),
      random.integer(0, 1),
      random.pick([",", ":", "]", "}", " ", "\n", '"']),
    );
  },
];

/** One to six changes of the document's tokens; now and then of its bytes. */
export const mutateJson: Mutate = (input, other, random) => {
  if (random.chance(0.15)) return mutateBytes(input, other, random);
  const decoder = new TextDecoder();
  const list = decoder.decode(input).match(tokens) ?? [];
  if (random.chance(0.15)) {
    const lent = decoder.decode(other).match(tokens) ?? [];
    const [from, to] = pickValue(lent, random);
    const [start, end] = pickValue(list, random);
    list.splice(start, end - start + 1, ...lent.slice(from, to + 1));
  }
  do random.pick(changes)(list, random);
  while (random.chance(0.4));
  return new TextEncoder().encode(list.join(""));
};
