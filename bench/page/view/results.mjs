/** A document of results, drawn. */

import { isLibrary } from "../peers.mjs";
import { byId, show } from "./dom.mjs";
import { drawPlots } from "./plots.mjs";
import { drawSummary } from "./summary.mjs";
import { drawMissing, drawTables, drawTargets } from "./tables.mjs";

/** Libraries that were measured, the first one being that which does the whole work; bare operations where there are none. */
function peerNamesOf(cases) {
  const names = [...new Set(cases.flatMap(({ results }) => results.map(({ name }) => name)))];
  const libraries = names.filter(isLibrary).sort((a, b) => Number(b === "zarrita") - Number(a === "zarrita"));
  return libraries.length > 0 ? libraries : names.filter((name) => /^(memcpy|memory\.copy)$/.test(name));
}

function describeRun({ date, seconds, quick, commit, machine, versions, cases }) {
  const count = cases.length === 1 ? "one case" : `${cases.length} cases`;
  const when = new Date(date).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const isolation = machine.isIsolated ? "isolated" : "not isolated";
  const where = `${machine.browser} on ${machine.system}, ${machine.cores} cores, ${isolation}, ${machine.hasSimd ? "SIMD" : "no SIMD"}`;
  const what = Object.entries(versions).map((entry) => entry.join(" "));
  return `${when} · ${count} in ${Math.round(seconds)} s, ${quick ? "quick" : "full"} · ${where} · ${what.join(", ")}${commit === null ? "" : ` · commit ${commit}`}`;
}

/** Takes away what an earlier run has left. */
export function clearResults() {
  for (const id of ["results", "targets", "missing"]) show(byId(id), false);
  byId("tables").replaceChildren();
}

/**
 * Draws `found`; `workers` has the reason why there are none. During a run only what the last case changes: all of 400 cases would take 70 ms
 * of a processor that measures.
 */
export function drawResults(found, workers, isRunning = false) {
  const { cases } = found;
  const names = peerNamesOf(cases);
  show(byId("intro"), false);
  show(byId("results"), true);
  byId("about").textContent = describeRun(found);
  drawSummary(byId("summary"), cases, names);
  drawPlots(byId("plots"), cases, names, workers);
  drawTables(byId("tables"), cases, isRunning ? cases.at(-1).group : undefined);
  if (isRunning) return;
  show(byId("targets"), drawTargets(byId("targets-list"), found.targets));
  show(byId("missing"), drawMissing(byId("missing-list"), cases));
}

/** Draws the plots of `found` anew, for another width. */
export function resizePlots({ cases }, workers) {
  drawPlots(byId("plots"), cases, peerNamesOf(cases), workers);
}
