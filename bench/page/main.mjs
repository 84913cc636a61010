/** The page: what is chosen, the run that goes on, and the results that are shown. */

import { documentOf } from "../results.mjs";
import { describeMachine, describeWorkers } from "./environment.mjs";
import { documentOfFragment, fragmentOf } from "./link.mjs";
import { Choice, catalogueFor } from "./model.mjs";
import { startRun } from "./run.mjs";
import { byId, element, show } from "./view/dom.mjs";
import { drawEnvironment } from "./view/environment.mjs";
import { showProgress } from "./view/progress.mjs";
import { clearResults, drawResults, resizePlots } from "./view/results.mjs";
import { drawSetup, setRunning } from "./view/setup.mjs";

const { commit, versions } = BUILD;
const machine = describeMachine();
const workers = describeWorkers();
/** The document that is shown, if any. */
let shown;

const count = ({ length }) => (length === 1 ? "one case" : `${length} cases`);

function notify(text) {
  byId("notice").textContent = text;
  show(byId("notice"), text !== "");
}

function showDocument(found, isRunning = false) {
  shown = found;
  drawResults(found, workers, isRunning);
}

/** Puts the shown results into the address. */
async function publish() {
  history.replaceState(null, "", await fragmentOf(shown));
}

function download() {
  const href = URL.createObjectURL(new Blob([`${JSON.stringify(shown, null, 1)}\n`], { type: "application/json" }));
  const name = `syncodec-${shown.date.slice(0, 19).replaceAll(":", "-")}.json`;
  element("a", { href, download: name }).click();
  // Not at once: the browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function run(request) {
  const started = Date.now();
  const measured = [];
  const progress = showProgress(request.ids.length);
  const documentSoFar = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    return documentOf(measured, started, seconds, { quick: request.isQuick, commit, machine, versions });
  };
  const end = (text) => {
    progress.end();
    setRunning(false);
    notify(text);
    show(byId("actions"), measured.length > 0);
    if (measured.length === 0) return;
    showDocument(documentSoFar());
    publish();
  };
  const handlers = {
    started: ({ id }) => progress.started(id),
    measured(message) {
      measured.push(message.measured);
      progress.measured();
      showDocument(documentSoFar(), true);
    },
    ended: () => end(`Measured ${count(measured)} in ${Math.round((Date.now() - started) / 1000)} s.`),
    cancelled: () => end(`Cancelled after ${measured.length} of ${count(request.ids)}.`),
    failed: ({ id, message }) => end(`Stopped at ${id}: ${message}`),
  };
  notify("");
  clearResults();
  show(byId("actions"), false);
  setRunning(true);
  const cancel = startRun(request, (message) => handlers[message.kind](message));
  byId("cancel").onclick = cancel;
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    notify(`Copied: ${location.href.length.toLocaleString("en")} characters that hold all results.`);
  } catch {
    notify("The clipboard is closed to this page. The link is in the address bar.");
  }
}

/** Shows the results that the address holds, if it does. */
async function restore() {
  try {
    const found = await documentOfFragment(location.hash);
    if (found === undefined) return;
    showDocument(found);
    notify("These results come from the link.");
    // On a phone they lie below the form.
    byId("notice").scrollIntoView({ block: "nearest" });
    await publish();
  } catch (error) {
    notify(`The link holds no results that can be read: ${error.message}`);
  }
}

const catalogue = catalogueFor(workers);
drawEnvironment(byId("environment"), machine, versions.syncodec, workers);
drawSetup(catalogue, new Choice(catalogue), run);
byId("link").addEventListener("click", copyLink);
byId("download").addEventListener("click", download);
addEventListener("hashchange", restore);
let width = innerWidth;
addEventListener("resize", () => {
  if (shown === undefined || width === innerWidth) return;
  width = innerWidth;
  resizePlots(shown, workers);
});
restore();
