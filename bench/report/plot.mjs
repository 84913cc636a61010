/** Line charts as SVG, readable on light and on dark pages. */

const width = 760;
const height = 440;
const margin = { top: 92, right: 40, bottom: 62, left: 104 };
const plotWidth = width - margin.left - margin.right;
const plotHeight = height - margin.top - margin.bottom;

/** Colours of series, by number: of like lightness, so that they stand out from white and from near black. */
const colours = ["#3b82d6", "#d9730d", "#2f9e6b", "#9a6bd8", "#d6455d", "#8a8f98"];

const style = `
  .page { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #d8dee4 } .axis { stroke: #8c959f }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #2b3138 } .axis { stroke: #6e7681 }
  }
  text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 13px }
  .title { font-size: 16px; font-weight: 600 }`;

const escapeXml = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const round = (number) => Number(number.toFixed(1));

/** Positions for an axis: `at` maps a value to pixels from its start, `ticks` are the values that are labelled. */
function scaleOf({ isLog, ticks, isFromZero }, values, length) {
  if (isLog) {
    const low = Math.min(...values, ...(ticks ?? []));
    const high = Math.max(...values, ...(ticks ?? []));
    // Whole decades, unless the values are ticks themselves.
    const [first, last] =
      ticks === undefined ? [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))] : [low, high];
    const decades = Math.round(Math.log10(last / first));
    const marks = ticks ?? Array.from({ length: decades + 1 }, (_, i) => first * 10 ** i);
    return { ticks: marks, at: (value) => (Math.log(value / first) / Math.log(last / first)) * length };
  }
  const high = Math.max(...values, ...(ticks ?? []));
  const low = isFromZero ? 0 : Math.min(...values, ...(ticks ?? []));
  const step =
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => (high - low) / each <= 6) ?? high;
  const top = isFromZero ? Math.ceil(high / step) * step : high;
  const marks = ticks ?? Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { ticks: marks, at: (value) => ((value - low) / (top - low)) * length };
}

/** The legend: as many entries in a line as there is room for. */
function legend(series) {
  const parts = [];
  let x = margin.left;
  let y = 54;
  for (const { name, colour, isDashed } of series) {
    const length = 34 + name.length * 7.1 + 14;
    if (x + length > width - margin.right) {
      x = margin.left;
      y += 20;
    }
    const dash = isDashed ? ' stroke-dasharray="5 4"' : "";
    parts.push(
      `<line x1="${round(x)}" x2="${round(x + 24)}" y1="${y}" y2="${y}" stroke="${colours[colour]}" stroke-width="2.5"${dash}/>`,
      `<text class="text" x="${round(x + 30)}" y="${y + 4.5}">${escapeXml(name)}</text>`,
    );
    x += length;
  }
  return parts;
}

/**
 * A chart of `series` `{ name, colour, isDashed?, points: [[x, y], …] }`, `colour` a number from 0. An axis is
 * `{ label, format, isLog?, ticks?, isFromZero? }`.
 */
export function lineChart({ title, x, y, series }) {
  const all = series.flatMap(({ points }) => points);
  const [across, up] = [
    scaleOf(
      x,
      all.map(([value]) => value),
      plotWidth,
    ),
    scaleOf(
      y,
      all.map(([, value]) => value),
      plotHeight,
    ),
  ];
  const left = (value) => round(margin.left + across.at(value));
  const top = (value) => round(margin.top + plotHeight - up.at(value));
  const bottom = margin.top + plotHeight;
  const right = margin.left + plotWidth;
  const parts = [
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    `<text class="text title" x="${margin.left}" y="30">${escapeXml(title)}</text>`,
    ...legend(series),
    ...up.ticks.flatMap((tick) => [
      `<line class="grid" x1="${margin.left}" x2="${right}" y1="${top(tick)}" y2="${top(tick)}"/>`,
      `<text class="quiet" x="${margin.left - 9}" y="${top(tick) + 4.5}" text-anchor="end">${escapeXml(y.format(tick))}</text>`,
    ]),
    ...across.ticks.flatMap((tick) => [
      `<line class="axis" x1="${left(tick)}" x2="${left(tick)}" y1="${bottom}" y2="${bottom + 5}"/>`,
      `<text class="quiet" x="${left(tick)}" y="${bottom + 21}" text-anchor="middle">${escapeXml(x.format(tick))}</text>`,
    ]),
    `<line class="axis" x1="${margin.left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    `<text class="text" x="${margin.left + plotWidth / 2}" y="${height - 14}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text class="text" transform="translate(24 ${margin.top + plotHeight / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.label)}</text>`,
    ...series.flatMap(({ points, colour, isDashed }) => {
      const path = points.map(([a, b]) => `${left(a)},${top(b)}`).join(" ");
      const dash = isDashed ? ' stroke-dasharray="5 4"' : "";
      return [
        `<polyline fill="none" stroke="${colours[colour]}" stroke-width="2.5" stroke-linejoin="round"${dash} points="${path}"/>`,
        ...points.map(([a, b]) => `<circle cx="${left(a)}" cy="${top(b)}" r="3.2" fill="${colours[colour]}"/>`),
      ];
    }),
  ];
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`;
  return `${head}\n<title>${escapeXml(title)}</title>\n<style>${style}\n</style>\n${parts.join("\n")}\n</svg>\n`;
}
