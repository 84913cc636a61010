/** A run in a worker, as the page sees it. */

/**
 * Starts a run of `{ ids, peers, isQuick }`. `report` gets the worker's messages until the run has ended, has failed or is cancelled by the
 * function that is returned.
 */
export function startRun(request, report) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "benchmarks" });
  const end = (message) => {
    worker.terminate();
    report(message);
  };
  worker.addEventListener("message", ({ data }) => {
    if (data.kind === "ended" || data.kind === "failed") end(data);
    else report(data);
  });
  worker.addEventListener("error", (event) => {
    end({ kind: "failed", id: "loading", message: event.message ?? "the worker cannot be loaded" });
  });
  worker.postMessage(request);
  return () => end({ kind: "cancelled" });
}
