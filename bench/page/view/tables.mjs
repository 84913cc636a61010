/** Tables of results: ours, and for each peer how many times as fast ours is. */

import { groups } from "../../cases/index.mjs";
import { groupTables, missingOf } from "../../report/tables.mjs";
import { formatRatio, formatSpeed, formatTime } from "../../results.mjs";
import { isLibrary } from "../peers.mjs";
import { caseId, element, show } from "./dom.mjs";

const noCase = "no such case was measured";

function ratioCell(peer) {
  if (peer === undefined) return element("td", { class: "none" }, "–");
  const { name, ratio, milliseconds, count } = peer;
  const kind = !isLibrary(name) ? "even" : ratio >= 1.05 ? "faster" : ratio < 0.95 ? "slower" : "even";
  const time = element("span", { class: "quiet small" }, formatTime(milliseconds));
  return element("td", { title: `${count} repetitions` }, element("b", { class: kind }, formatRatio(ratio)), time);
}

function row({ case: { id, title, bytes }, ours, note, peers }) {
  const head = element("th", { scope: "row" }, caseId(id), element("span", { class: "quiet small" }, title));
  if (ours === undefined) return element("tr", {}, head, element("td", { colSpan: 2 + peers.length }, "not run"));
  const { milliseconds, count } = ours;
  const time = element("td", { title: `${count} repetitions` }, element("b", {}, formatTime(milliseconds)));
  if (note !== "") time.append(element("span", { class: "quiet small" }, note));
  return element(
    "tr",
    {},
    head,
    time,
    element("td", { class: "speed" }, formatSpeed(bytes, milliseconds)),
    ...peers.map(ratioCell),
  );
}

function drawTable(caption, { titles, rows }) {
  const heads = ["case", "syncodec", "speed", ...titles.map((title) => title.replace(/^syncodec, /, ""))];
  const table = element(
    "table",
    {},
    element("caption", { class: "hidden" }, caption),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...heads.map((head) => element("th", { scope: "col", class: head === "speed" ? "speed" : "" }, head)),
      ),
    ),
    element("tbody", {}, ...rows.map(row)),
  );
  // What scrolls must be reachable by keyboard.
  return element("div", { class: "scroll", role: "region", "aria-label": caption, tabIndex: 0 }, table);
}

/** One section for each group, in which there is something if it has cases. Of one group only, if `only` names it. */
export function drawTables(target, cases, only) {
  if (target.childElementCount === 0) {
    target.append(...Object.keys(groups).map((letter) => element("section", { data: { group: letter } })));
  }
  for (const section of target.children) {
    const { group: letter } = section.dataset;
    if (only !== undefined && only !== letter) continue;
    const own = cases.filter(({ group }) => group === letter);
    show(section, own.length > 0);
    const title = element("h2", {}, element("b", { class: "letter" }, letter), ` ${groups[letter]}`);
    const tables = groupTables(own).map((table) => drawTable(`${letter}: ${groups[letter]}`, table));
    section.replaceChildren(title, ...tables);
  }
}

/** The targets of which this run has something; those that lack a peer that a page cannot have are left out. */
export function drawTargets(target, targets) {
  const items = targets.flatMap(({ text, rows }) => {
    const found = rows.filter(({ met }) => met !== undefined);
    if (found.length === 0) return [];
    const missed = found.filter(({ met }) => !met);
    const kind = missed.length > 0 ? "missed" : rows.some(({ reason }) => reason !== undefined) ? "partly met" : "met";
    const ratios = found.map(
      (each) => `${each.case} ${each.ratio === undefined ? `${each.ours}, ${each.peer}` : formatRatio(each.ratio)}`,
    );
    const list = element("ul", { class: "quiet small" }, ...ratios.map((ratio) => element("li", {}, ratio)));
    const count = `${found.length - missed.length} of ${found.length} rows met`;
    return [
      element(
        "li",
        {},
        element("span", { class: `badge ${missed.length > 0 ? "missed" : "met"}` }, kind),
        element("div", {}, text, element("details", { class: "small" }, element("summary", {}, count), list)),
      ),
    ];
  });
  target.replaceChildren(...items);
  return items.length > 0;
}

/** What did not run, and why. Says whether there is anything. */
export function drawMissing(target, cases) {
  const missing = missingOf(cases).filter(({ reason }) => reason !== noCase);
  const items = missing.map(({ name, reason, ids }) =>
    element("li", {}, element("b", {}, name), ` ${reason} `, element("span", { class: "quiet small" }, ids.join(", "))),
  );
  target.replaceChildren(element("ul", {}, ...items));
  return items.length > 0;
}
