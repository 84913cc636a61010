/** The result in a few figures: how many times as fast as one peer syncodec is, by group. */

import { groups } from "../../cases/index.mjs";
import { median } from "../../measure.mjs";
import { groupTables } from "../../report/tables.mjs";
import { formatRatio } from "../../results.mjs";
import { element } from "./dom.mjs";

function tile(letter, peer, ratios) {
  const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)];
  const range =
    ratios.length === 1
      ? "one case"
      : `median; ${formatRatio(lowest)} to ${formatRatio(highest)}, ${ratios.length} cases`;
  return element(
    "div",
    { class: "tile" },
    element("div", { class: "figure" }, formatRatio(median(ratios))),
    element("div", { class: "small" }, `as fast as ${peer}`),
    element("div", { class: "subject" }, element("b", {}, letter), ` ${groups[letter]}`),
    element("div", { class: "quiet small" }, range),
  );
}

/** A tile for each group and the first of the peers that it was measured against. */
export function drawSummary(target, cases, peerNames) {
  const tiles = Object.keys(groups).flatMap((letter) => {
    const rows = groupTables(cases.filter(({ group }) => group === letter)).flatMap((table) => table.rows);
    for (const name of peerNames) {
      const ratios = rows.flatMap(({ peers }) => peers.filter((peer) => peer?.name === name).map(({ ratio }) => ratio));
      if (ratios.length > 0) return [tile(letter, name, ratios)];
    }
    return [];
  });
  target.replaceChildren(...tiles);
}
