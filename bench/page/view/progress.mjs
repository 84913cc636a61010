/** How far a run is. */

import { byId, show } from "./dom.mjs";

/** Shows progress until `end`: `started` says which case is measured, `measured` that it is done. */
export function showProgress(total) {
  const began = performance.now();
  let done = 0;
  let isPast = false;
  byId("progress-bar").max = total;
  show(byId("progress"), true);
  const draw = () => {
    if (isPast) return;
    const seconds = (performance.now() - began) / 1000;
    const rest = done > 1 ? `, about ${Math.ceil((seconds / done) * (total - done))} s left` : "";
    byId("progress-time").textContent = `${Math.floor(seconds)} s${rest}`;
  };
  const timer = setInterval(draw, 1000);
  const setDone = (count) => {
    done = count;
    byId("progress-bar").value = done;
    byId("progress-count").textContent = `${done} of ${total}`;
    draw();
  };
  byId("progress-id").textContent = "loading";
  setDone(0);
  return {
    started(id) {
      byId("progress-id").textContent = id;
    },
    measured: () => setDone(done + 1),
    end() {
      isPast = true;
      clearInterval(timer);
      show(byId("progress"), false);
    },
  };
}
