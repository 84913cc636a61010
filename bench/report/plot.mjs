/** Charts as SVG, readable on light and on dark pages. */

/** Sizes in pixels: of a file, and in a page of some width. */
const fileLayout = { width: 760, height: 440, top: 92, right: 40, bottom: 62, left: 104, hasTitle: true };

/** Colours of series, by number: of like lightness, so that they stand out from white and from near black. */
const colours = ["#3b82d6", "#d9730d", "#2f9e6b", "#9a6bd8", "#d6455d", "#8a8f98"];

/** What a page that draws charts inline has in its own style sheet. */
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

const legendLine = 20;

/** The legend: as many entries in a line as there is room for, from `start` down; `height` is that of its lines. */
function legend(series, start, { left, right, width, hasDots }) {
  const parts = [];
  let x = left;
  let y = start;
  for (const { name, colour, isDashed } of series) {
    const length = 34 + name.length * 7.1 + 14;
    if (x > left && x + length - 14 > width - right) {
      x = left;
      y += legendLine;
    }
    const dash = isDashed ? ' stroke-dasharray="5 4"' : "";
    parts.push(
      hasDots
        ? `<circle cx="${round(x + 16)}" cy="${y}" r="5" fill="${colours[colour]}"/>`
        : `<line x1="${round(x)}" x2="${round(x + 24)}" y1="${y}" y2="${y}" stroke="${colours[colour]}" stroke-width="2.5"${dash}/>`,
      `<text class="text" x="${round(x + 30)}" y="${y + 4.5}">${escapeXml(name)}</text>`,
    );
    x += length;
  }
  return { parts, height: y - start + legendLine };
}

/** An SVG element around `parts`. Inline in a page it has no style of its own, which would be the page's. */
function svgOf(title, { width, height, isInline }, parts) {
  const box = `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}"`;
  if (isInline) return `<svg ${box}>${parts.join("\n")}</svg>`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${box} width="${width}" height="${height}">`;
  return `${head}\n<title>${escapeXml(title)}</title>\n<style>${style}\n</style>\n${parts.join("\n")}\n</svg>\n`;
}

/** The layout of a chart that stands inline in a page, `width` pixels wide. */
export function inlineLayout(width) {
  const isNarrow = width < 520;
  const sides = isNarrow ? { left: 66, right: 14 } : { left: 84, right: 20 };
  return { width, height: isNarrow ? 330 : 380, top: 14, bottom: 52, ...sides, isInline: true, isNarrow };
}

/**
 * A chart of `series` `{ name, colour, isDashed?, points: [[x, y], …] }`, `colour` a number from 0. An axis is
 * `{ label, format, isLog?, ticks?, isFromZero? }`.
 */
export function lineChart({ title, x, y, series }, layout = fileLayout) {
  const { width, left: marginLeft, right: marginRight, hasTitle, isNarrow } = layout;
  const key = legend(series, hasTitle ? 54 : layout.top, layout);
  const marginTop = hasTitle ? layout.top : layout.top + key.height;
  const height = layout.height + (hasTitle ? 0 : key.height);
  const plotWidth = width - marginLeft - marginRight;
  const plotHeight = height - marginTop - layout.bottom;
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
  const left = (value) => round(marginLeft + across.at(value));
  const top = (value) => round(marginTop + plotHeight - up.at(value));
  const bottom = marginTop + plotHeight;
  const right = marginLeft + plotWidth;
  // Labels need some 60 pixels each.
  const every = Math.ceil((across.ticks.length * 60) / plotWidth);
  const parts = [
    ...(hasTitle
      ? [
          `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
          `<text class="text title" x="${marginLeft}" y="30">${escapeXml(title)}</text>`,
        ]
      : []),
    ...key.parts,
    ...up.ticks.flatMap((tick) => [
      `<line class="grid" x1="${marginLeft}" x2="${right}" y1="${top(tick)}" y2="${top(tick)}"/>`,
      `<text class="quiet" x="${marginLeft - 9}" y="${top(tick) + 4.5}" text-anchor="end">${escapeXml(y.format(tick))}</text>`,
    ]),
    ...across.ticks.flatMap((tick, i) => [
      `<line class="axis" x1="${left(tick)}" x2="${left(tick)}" y1="${bottom}" y2="${bottom + 5}"/>`,
      ...(i % every === 0
        ? [
            `<text class="quiet" x="${left(tick)}" y="${bottom + 21}" text-anchor="middle">${escapeXml(x.format(tick))}</text>`,
          ]
        : []),
    ]),
    `<line class="axis" x1="${marginLeft}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    `<text class="text" x="${marginLeft + plotWidth / 2}" y="${height - 14}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    ...(isNarrow || !hasTitle
      ? []
      : [
          `<text class="text" transform="translate(24 ${marginTop + plotHeight / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.label)}</text>`,
        ]),
    ...series.flatMap(({ points, colour, isDashed }) => {
      const path = points.map(([a, b]) => `${left(a)},${top(b)}`).join(" ");
      const dash = isDashed ? ' stroke-dasharray="5 4"' : "";
      return [
        `<polyline fill="none" stroke="${colours[colour]}" stroke-width="2.5" stroke-linejoin="round"${dash} points="${path}"/>`,
        ...points.map(([a, b]) => `<circle cx="${left(a)}" cy="${top(b)}" r="3.2" fill="${colours[colour]}"/>`),
      ];
    }),
  ];
  return svgOf(title, { ...layout, height }, parts);
}

const rowHeight = 24;

/**
 * A chart of `rows` `{ label, points: [{ series, value, text }] }` along a logarithmic axis, with a line at 1, from which the rows' largest
 * values have bars. `series` are `{ name, colour }`, by number in the points.
 */
export function dotChart({ title, label, series, rows, format }, layout) {
  const { width, isNarrow } = layout;
  const longest = Math.max(...rows.map((row) => row.label.length));
  // On a narrow page a row's label stands above its line.
  const marginLeft = isNarrow ? 8 : Math.min(longest * 7.4 + 18, width * 0.4);
  const marginRight = 62;
  const step = isNarrow ? rowHeight + 16 : rowHeight;
  const key = legend(series, layout.top, { ...layout, left: 0, hasDots: true });
  const marginTop = layout.top + key.height;
  const bottom = marginTop + rows.length * step + 4;
  const height = bottom + layout.bottom;
  const plotWidth = width - marginLeft - marginRight;
  const values = rows.flatMap(({ points }) => points.map(({ value }) => value));
  const [low, high] = [Math.min(1, ...values), Math.max(10, ...values)];
  const powers = Array.from({ length: 25 }, (_, i) => 10 ** (i - 12));
  const across = scaleOf(
    { isLog: true, ticks: powers.filter((power) => power >= low && power <= high) },
    values,
    plotWidth,
  );
  const left = (value) => round(marginLeft + across.at(value));
  const every = Math.ceil((across.ticks.length * 52) / plotWidth);
  const parts = [
    ...key.parts,
    ...across.ticks.flatMap((tick, i) => [
      `<line class="${tick === 1 ? "axis" : "grid"}" x1="${left(tick)}" x2="${left(tick)}" y1="${marginTop}" y2="${bottom}"/>`,
      ...(i % every === 0
        ? [`<text class="quiet" x="${left(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}×</text>`]
        : []),
    ]),
    `<text class="text" x="${marginLeft + plotWidth / 2}" y="${height - 12}" text-anchor="middle">${escapeXml(label)}</text>`,
    ...rows.flatMap((row, i) => {
      const y = marginTop + i * step + (isNarrow ? step - 10 : step / 2);
      const name = isNarrow
        ? `<text class="text id" x="${marginLeft}" y="${y - 12}">${escapeXml(row.label)}</text>`
        : `<text class="text id" x="${marginLeft - 10}" y="${y + 4}" text-anchor="end">${escapeXml(row.label)}</text>`;
      const furthest = row.points.reduce((a, b) => (b.value > a.value ? b : a));
      const [from, to] = [left(1), left(furthest.value)];
      const colour = colours[series[furthest.series].colour];
      const marks = row.points.map(
        (point) =>
          `<circle cx="${left(point.value)}" cy="${y}" r="5" fill="${colours[series[point.series].colour]}"><title>${escapeXml(point.text)}</title></circle>`,
      );
      return [
        name,
        `<rect x="${Math.min(from, to)}" y="${y - 2}" width="${round(Math.abs(to - from))}" height="4" rx="2" fill="${colour}" opacity="0.35"/>`,
        ...marks,
        `<text class="text" x="${Math.max(from, to) + 10}" y="${y + 4.5}">${escapeXml(format(furthest.value))}</text>`,
      ];
    }),
  ];
  return svgOf(title, { ...layout, height }, parts);
}
