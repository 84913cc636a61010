/**
 * Every case of the suite. A case is `{ id, group, title, bytes, store?, quick?, needsWorkers?, open(host) }`; `open` gives
 * `{ contestants, missing, python?, close }`, a contestant is `{ name, run, before?, verify }`. Those of syncodec have names that begin with it,
 * the first one is compared with all others. `bytes` are those that a call moves, decoded; 0 where no throughput makes sense.
 * `store` is the kind of store that it opens, if any; a case that needs workers has the reason alone where the host starts none.
 *
 * Nothing here imports anything of Node or of a browser: stores, clock, library and peers are the host's (../host.mjs).
 */

import { arrayCases } from "./arrays.mjs";
import { codecCases } from "./codecs.mjs";
import { kernelCases } from "./kernels.mjs";
import { patchCases } from "./patch.mjs";
import { scalingCases } from "./scaling.mjs";

/** What each letter is about. */
export const groups = {
  W: "write all of an array of small chunks",
  R: "read all of an array of small chunks",
  L: "the same with 100 times the elements",
  S: "selections of a cube",
  M: "many tiny inner chunks in a shard",
  P: "write and read one inner chunk of a large shard",
  E: "a cube of uint16 in files",
  K: "kernels alone",
  C: "codecs alone",
  G: "growth and limits: chunk size, array size, workers, checksums, against the bare operation",
};

/** All cases; with `isTiny` the same ones on sizes that take milliseconds. */
export function allCases({ isTiny = false } = {}) {
  return [
    ...arrayCases(isTiny),
    ...patchCases(isTiny),
    ...kernelCases(isTiny),
    ...codecCases(isTiny),
    ...scalingCases(isTiny),
  ];
}
