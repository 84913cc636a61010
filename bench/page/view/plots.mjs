/** Plots of results, as wide as the page has room for. */

import { drawCharts, drawRatios } from "../../report/charts.mjs";
import { inlineLayout } from "../../report/plot.mjs";
import { element } from "./dom.mjs";

const ratiosNote =
  "Right of 1× syncodec is faster. Where the table says “into out”, it fills an array of the caller's; other libraries return a new one.";

/** Beyond this a chart by case is longer than its table. */
const mostRows = 60;

function figure({ title, svg }, note) {
  const drawing = element("div");
  // Text in it is escaped by those who draw.
  drawing.innerHTML = svg;
  const caption = element("figcaption", {}, element("b", {}, title));
  if (note) caption.append(element("span", { class: "quiet small" }, note));
  return element("figure", {}, caption, drawing);
}

/** A plot that cannot be drawn here, with the reason. */
const absentFigure = (title, reason) =>
  element(
    "figure",
    { class: "absent" },
    element("figcaption", {}, element("b", {}, title), element("span", { class: "quiet small" }, reason)),
  );

export function drawPlots(target, cases, peerNames, workers) {
  const width = Math.min(Math.max(target.clientWidth - 34, 280), 900);
  const layout = inlineLayout(width);
  const figures = [];
  const ratios = cases.length <= mostRows ? drawRatios(cases, peerNames, layout) : undefined;
  if (ratios !== undefined) figures.push(figure(ratios, ratiosNote));
  for (const { name, title, svg } of drawCharts(cases, layout)) {
    if (svg !== undefined)
      figures.push(
        figure({ title, svg }, name.startsWith("throughput") ? "Higher is better; both axes are logarithmic." : ""),
      );
    else if (name === "scaling-with-workers" && workers.reason !== undefined)
      figures.push(absentFigure(title, workers.reason));
  }
  target.replaceChildren(...figures);
}
