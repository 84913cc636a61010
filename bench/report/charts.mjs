/** The plots of docs/performance.md and of the page, from measured cases. A plot whose cases were not measured is left out. */

import { formatRatio, formatTime } from "../results.mjs";
import { dotChart, lineChart } from "./plot.mjs";
import { groupTables } from "./tables.mjs";

const si = (value) =>
  value >= 1e9
    ? `${value / 1e9} G`
    : value >= 1e6
      ? `${value / 1e6} M`
      : value >= 1e3
        ? `${value / 1e3} k`
        : `${value}`;
const bytes = (value) =>
  value >= 2 ** 20 ? `${value / 2 ** 20} MiB` : value >= 1024 ? `${value / 1024} KiB` : `${value} B`;
const microseconds = (value) =>
  value >= 1e6 ? `${value / 1e6} s` : value >= 1e3 ? `${value / 1e3} ms` : `${value} µs`;
const megabytes = (value) => (value >= 1e3 ? `${value / 1e3} GB/s` : `${value} MB/s`);

const timeOf = ({ results }, name) => results.find((each) => each.name === name)?.milliseconds;

/** Points `[x, f(time)]` of one contestant over cases whose ids match; the pattern's first group is x. */
function pointsOf(cases, pattern, name, value) {
  return cases.flatMap((each) => {
    const found = pattern.exec(each.id);
    const time = found && timeOf(each, name);
    return time ? [[Number(found[1]), value(each, time)]] : [];
  });
}

const speed = (each, time) => each.bytes / 1000 / time;
const drawn = (series) => series.filter(({ points }) => points.length > 1);

function throughput(cases) {
  const series = drawn([
    ...["none", "zstd", "gzip"].flatMap((codec, colour) => {
      const pattern = new RegExp(`^G\\.chunk\\.${codec}\\.(\\d+)$`);
      return [
        { name: `syncodec, ${codec}`, colour, points: pointsOf(cases, pattern, "syncodec into out", speed) },
        { name: `zarrita, ${codec}`, colour, isDashed: true, points: pointsOf(cases, pattern, "zarrita", speed) },
      ];
    }),
    { name: "memcpy", colour: 5, isDashed: true, points: pointsOf(cases, /^G\.chunk\.none\.(\d+)$/, "memcpy", speed) },
  ]);
  const ticks = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  return {
    title: "Reading 4 MiB of uint8 from memory, by chunk size",
    x: { label: "chunk size, decoded (bytes)", isLog: true, ticks, format: bytes },
    y: { label: "throughput (decoded bytes per second)", isLog: true, format: megabytes },
    series,
  };
}

function patch(cases) {
  const own = (id) => {
    const results = cases.find((each) => each.id === id)?.results ?? [];
    return results.map(({ name, milliseconds }) => [Number(/(\d+) MiB/.exec(name)[1]), milliseconds * 1000]);
  };
  const peer = (name) => pointsOf(cases, /^P\.peers\.(\d+)MiB$/, name, (_, time) => time * 1000);
  return {
    title: "Writing one inner chunk of 64 KiB into a shard on disk",
    x: { label: "shard size (MiB)", isLog: true, ticks: [1, 16, 256, 4096], format: String },
    y: { label: "time of one write (log scale)", isLog: true, format: microseconds },
    series: drawn([
      { name: "syncodec, index cached", colour: 0, points: own("P.slot.cached") },
      { name: "syncodec, index not kept", colour: 0, isDashed: true, points: own("P.slot.cold") },
      { name: "zarr-python", colour: 1, points: peer("zarr-python") },
      { name: "zarrs", colour: 2, points: peer("zarrs") },
      { name: "tensorstore", colour: 3, points: peer("tensorstore") },
    ]),
  };
}

const threadCounts = { "syncodec one thread": 1, "syncodec two threads": 2 };

function workers(cases) {
  const found = cases.filter(({ id }) => /^G\.workers\.read\./.test(id));
  const series = found.map((each, i) => {
    const alone = timeOf(each, "syncodec one thread");
    const points = each.results.map(({ name, milliseconds }) => [threadCounts[name], alone / milliseconds]);
    const [, , , codec, layout] = each.id.split(".");
    return { name: `${codec}, ${layout.replaceAll("-", " ")}`, colour: i % 6, isDashed: codec === "zstd", points };
  });
  return {
    title: "Reading 16 MiB of uint8 from memory, by threads",
    x: { label: "threads, the calling one included (maxWorkers)", ticks: [1, 2], format: String },
    y: { label: "times as fast as one thread", isFromZero: true, format: (value) => `${round(value)}×` },
    series: drawn(series),
  };
}

const round = (value) => Number(value.toFixed(2));

function growth(cases) {
  const points = (name) => pointsOf(cases, /^G\.size\.(\d+)$/, name, speed);
  return {
    title: "Reading uncompressed uint8 from memory in chunks of 100,000, by array size",
    x: { label: "elements (bytes)", isLog: true, ticks: [1e6, 1e7, 1e8], format: si },
    y: { label: "throughput (decoded bytes per second)", isLog: true, format: megabytes },
    series: drawn([
      { name: "syncodec, into out", colour: 0, points: points("syncodec into out") },
      { name: "zarrita", colour: 1, points: points("zarrita") },
      { name: "memcpy", colour: 5, isDashed: true, points: points("memcpy") },
    ]),
  };
}

const charts = {
  "throughput-by-chunk-size": throughput,
  "patch-by-shard-size": patch,
  "scaling-with-workers": workers,
  "scaling-with-array-size": growth,
};

/** `{ name, title, svg }`, without `svg` where nothing was measured; drawn for a file unless there is a `layout`. */
export function drawCharts(cases, layout) {
  return Object.entries(charts).map(([name, make]) => {
    const chart = make(cases);
    return { name, title: chart.title, ...(chart.series.length > 0 && { svg: lineChart(chart, layout) }) };
  });
}

const mostPeers = 6;

/** How many times as fast as its peers syncodec is, by case; `undefined` if there are no peers among `names`. */
export function drawRatios(cases, names, layout) {
  const rows = groupTables(cases).flatMap((table) => table.rows);
  const found = rows.map(({ case: { id }, peers }) => ({
    id,
    peers: peers.filter((peer) => names.includes(peer?.name)),
  }));
  const shown = found.filter(({ peers }) => peers.length > 0);
  const present = names.filter((name) => shown.some(({ peers }) => peers.some((peer) => peer.name === name)));
  if (shown.length === 0) return undefined;
  const title = "Ours against the peers, by case";
  const svg = dotChart(
    {
      title,
      label: "times as fast as the peer (log scale)",
      format: formatRatio,
      series: present.map((name, i) => ({ name, colour: (i + 1) % mostPeers })),
      rows: shown.map(({ id, peers }) => ({
        label: id,
        points: peers.map(({ name, ratio, milliseconds }) => ({
          series: present.indexOf(name),
          value: ratio,
          text: `${name}: ${formatRatio(ratio)}, ${formatTime(milliseconds)}`,
        })),
      })),
    },
    layout,
  );
  return { name: "ratios", title, svg };
}
