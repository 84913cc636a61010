/**
 * Runs cases where the page need not wait for them. Gets `{ ids, peers, isQuick }` once; answers `{ kind: "started", id }` and
 * `{ kind: "measured", measured }` for each case, and `{ kind: "ended" }` or `{ kind: "failed", id, message }`. It is cancelled by terminating it.
 */

import { allCases } from "../cases/index.mjs";
import { fullEffort, quickEffort } from "../measure.mjs";
import { runCase } from "../suite.mjs";
import { clockStep } from "./environment.mjs";
import { createHost } from "./host.mjs";
import { wantedPeers } from "./peers.mjs";

/** Every run has a worker whose code is cold; the 20 ms of the command line leave some of it so. */
const leastWarmUp = 100;

/** Batches are so long that the clock, which is coarse in pages, is off by less than 2 %. */
function effortFor(isQuick, now) {
  const effort = isQuick ? quickEffort : fullEffort;
  return {
    ...effort,
    batchMilliseconds: Math.max(effort.batchMilliseconds, 50 * clockStep(now)),
    warmUpMilliseconds: Math.max(effort.warmUpMilliseconds, leastWarmUp),
  };
}

async function run({ ids, peers, isQuick }) {
  let id = "loading";
  try {
    const host = await createHost(peers);
    const effort = effortFor(isQuick, host.now);
    const isWanted = wantedPeers(peers);
    const cases = new Map(allCases().map((each) => [each.id, each]));
    for (id of ids) {
      postMessage({ kind: "started", id });
      postMessage({ kind: "measured", measured: await runCase(cases.get(id), host, effort, isWanted) });
    }
    postMessage({ kind: "ended" });
  } catch (error) {
    postMessage({ kind: "failed", id, message: error.message });
  }
}

addEventListener("message", ({ data }) => run(data));
