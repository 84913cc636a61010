/** Where a run happens or happened. */

import { element } from "./dom.mjs";

/** Terms and descriptions of a machine: `[term, description, isGood?, title?]`. */
function entriesOf({ browser, system, cores, isIsolated, hasSimd, clockMicroseconds }, version, workers) {
  const isolation = isIsolated
    ? "memory can be shared with workers, and the clock is fine"
    : "the server sends no COOP and COEP headers: no shared memory, and a coarser clock";
  return [
    ["syncodec", version],
    ["browser", `${browser}, ${system}`],
    ["cores", String(cores)],
    ["SIMD", hasSimd ? "yes" : "no: scalar kernels", hasSimd],
    ["isolated", isIsolated ? "yes" : "no", isIsolated, isolation],
    ["workers", workers.reason === undefined ? "yes" : "no", workers.reason === undefined, workers.reason],
    ["clock", `${clockMicroseconds} µs`],
  ];
}

export function drawEnvironment(target, machine, version, workers) {
  const entries = entriesOf(machine, version, workers).map(([term, description, isGood, title = ""]) =>
    element(
      "div",
      { title },
      element("dt", {}, term),
      element("dd", isGood === undefined ? {} : { class: isGood ? "good" : "bad" }, description),
    ),
  );
  target.replaceChildren(...entries);
}
