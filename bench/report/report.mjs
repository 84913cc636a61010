/** docs/performance.md and its plots, from a file of results. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { groups } from "../cases/index.mjs";
import { formatRatio, formatSpeed, formatTime } from "../results.mjs";
import { drawCharts } from "./charts.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

const cell = (text) => String(text).replaceAll("|", "\\|");
const tableRow = (cells) => `| ${cells.map(cell).join(" | ")} |`;
const table = (head, rows) => [
  tableRow(head),
  tableRow(head.map((_, i) => (i < 1 ? "---" : "---:"))),
  ...rows.map(tableRow),
];

const isOurs = ({ name }) => name.startsWith("syncodec");
const wordOf = { met: "met", missed: "**missed**", "not measured": "not measured" };

function describeRow({ ours, peer, ratio, reason }) {
  if (reason !== undefined) return reason;
  return ratio === undefined ? `${ours}; ${peer}` : `${formatRatio(ratio)} (${ours} against ${peer})`;
}

/** One line for each target. */
function targetSummary(targets) {
  return targets.map(({ text, verdict, rows }) => {
    const met = rows.filter((row) => row.met === true).length;
    const missed = rows.filter((row) => row.met === false);
    const shown = missed.length > 0 ? missed : rows;
    const ratios = shown.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio])).sort((a, b) => a - b);
    const [lowest, highest] = [ratios[0], ratios.at(-1)];
    const range =
      ratios.length > 1 ? `${formatRatio(lowest)} to ${formatRatio(highest)}` : ratios.map(formatRatio).join();
    const found = range === "" ? "" : missed.length > 0 ? `missed: ${range}` : range;
    return [text, wordOf[verdict], `${met} of ${rows.length}`, found];
  });
}

/** One line for each row of each target. */
function targetDetails(targets) {
  return targets.flatMap(({ text, rows }) => [
    `**${text}**`,
    "",
    ...table(
      ["case", "", "found", "wanted"],
      rows.map((row) => [
        `\`${row.case}\``,
        row.met === undefined ? wordOf["not measured"] : row.met ? "met" : "**missed**",
        describeRow(row),
        row.wanted,
      ]),
    ),
    "",
  ]);
}

/** Names of the contestants that a group's first one is compared with, in the order in which they come up. */
function peersOf(cases) {
  const names = new Set();
  for (const { results } of cases) {
    const first = results.find(isOurs);
    for (const each of results) if (each !== first && each.setting === undefined) names.add(each.name);
  }
  return [...names];
}

/** What the contestant that is called just "syncodec" does beside the first one. */
const others = { "syncodec into out": "new result", "syncodec in linear memory": "called from JavaScript" };

/** One table per group, or per first part of the ids where the contestants differ from one to the next. */
function groupTables(cases) {
  const parts = new Map();
  for (const each of cases) {
    const key = `${each.results.find(isOurs)?.name}: ${peersOf([each]).join()}`;
    const family = /[PKCG]/.test(each.group) ? key : each.group;
    parts.set(family, [...(parts.get(family) ?? []), each]);
  }
  return [...parts.values()].flatMap((part) => {
    const peers = peersOf(part);
    const rows = part.map(({ id, bytes, results }) => {
      const ours = results.find(isOurs);
      if (ours === undefined) return [`\`${id}\``, "not run", "", ...peers.map(() => "")];
      const cells = peers.map((name) => {
        const peer = results.find((each) => each.name === name && each !== ours);
        return peer === undefined
          ? ""
          : `${formatRatio(peer.milliseconds / ours.milliseconds)} (${formatTime(peer.milliseconds)})`;
      });
      const name = ours.name === "syncodec" ? "" : `${ours.name.slice("syncodec ".length)}: `;
      return [`\`${id}\``, `${name}${formatTime(ours.milliseconds)}`, formatSpeed(bytes, ours.milliseconds), ...cells];
    });
    const primary = part[0].results.find(isOurs)?.name ?? "";
    const titles = peers.map((name) => (name === "syncodec" ? `syncodec, ${others[primary]}` : name));
    return [...table(["case", "syncodec", "", ...titles], rows), ""];
  });
}

/** Bytes and requests that were counted. */
function countedTable(cases) {
  const rows = cases.flatMap(({ id, results }) =>
    results
      .filter(({ bytesWritten }) => bytesWritten !== undefined)
      .map(({ name, bytesRead, bytesWritten, milliseconds }) => {
        const counts = [bytesRead, bytesWritten].map((count) => count.toLocaleString("en"));
        return [`\`${id}\` ${name.slice("syncodec ".length)}`, formatTime(milliseconds), ...counts];
      }),
  );
  return rows.length === 0
    ? []
    : [
        "Bytes through the store in one call:",
        "",
        ...table(["case, shard", "time", "bytes read", "bytes written"], rows),
        "",
      ];
}

function missingTable(cases) {
  const found = new Map();
  for (const { id, missing } of cases) {
    for (const { name, reason } of missing) {
      const key = JSON.stringify([name, reason]);
      found.set(key, [...(found.get(key) ?? []), id]);
    }
  }
  return [...found].map(([key, ids]) => {
    const [name, reason] = JSON.parse(key);
    const letters = [...new Set(ids.map((id) => id.split(".")[0]))].join(", ");
    return [name, reason, `${ids.length} (${letters})`];
  });
}

/** The page as Markdown. */
export function formatReport(document, charts) {
  const { date, commit, machine, versions, targets, cases, seconds, quick } = document;
  const counts = {};
  for (const { verdict } of targets) counts[verdict] = (counts[verdict] ?? 0) + 1;
  const summary = ["met", "missed", "not measured"]
    .filter((each) => counts[each])
    .map((each) => `${counts[each]} ${each}`);
  const missing = missingTable(cases);
  return [
    "# Performance",
    "",
    "Generated by `npm run bench -- --report`; not edited by hand. How it is measured, and how to run it: [bench/README.md](../bench/README.md).",
    "",
    "Figures are ratios within one run: how many times as fast as the peer syncodec is, so that 2× is half the time. In parentheses stands the peer's time. Each is the median of 15 repetitions, or of as many as fit in three seconds, at least 3; ours and the peers in JavaScript alternate in one process, those in Python follow in another. What each gives is verified before it is timed. Machines are noisy: single figures vary by tens of percent from run to run, those of files by more.",
    "",
    ...table(
      ["", "this run"],
      [
        ["date", `${date.slice(0, 10)}${quick ? ", `--quick`" : ""}, ${seconds} s`],
        ["commit", commit ?? "unknown"],
        ["machine", `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}`],
        [
          "versions",
          Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", "),
        ],
      ],
    ),
    "",
    "## Plots",
    "",
    ...charts.flatMap(({ name, title, svg }) => [
      svg === undefined ? `${title}: not measured in this run.` : `![${title}](performance/${name}.svg)`,
      "",
    ]),
    "## Targets",
    "",
    `${summary.join(", ")}. A target is met if all its rows are.`,
    "",
    ...table(["target", "", "rows met", "ratios"], targetSummary(targets)),
    "",
    "<details><summary>Every row of every target</summary>",
    "",
    ...targetDetails(targets),
    "</details>",
    "",
    ...Object.entries(groups).flatMap(([group, title]) => {
      const own = cases.filter((each) => each.group === group);
      if (own.length === 0) return [];
      return [`## ${group}: ${title}`, "", ...groupTables(own), ...countedTable(own)];
    }),
    ...(missing.length === 0 ? [] : ["## What did not run", "", ...table(["peer", "why", "cases"], missing), ""]),
  ].join("\n");
}

/** Writes the page and its plots from `file`, by default the latest results. Returns what it wrote. */
export function writeReport(file = latestResults()) {
  const document = JSON.parse(readFileSync(file, "utf8"));
  const charts = drawCharts(document.cases);
  const folder = join(root, "docs/performance");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, svg } of charts) if (svg !== undefined) writeFileSync(join(folder, `${name}.svg`), svg);
  // What the page says can be looked up, and drawn again.
  const { rows: _derived, ...measured } = document;
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(measured)}\n`);
  writeFileSync(join(root, "docs/performance.md"), formatReport(document, charts));
  return `docs/performance.md from ${file}`;
}

function latestResults() {
  const folder = fileURLToPath(new URL("../results/", import.meta.url));
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  if (names.length === 0) throw new Error("bench/results/ is empty: npm run bench comes first");
  return join(folder, names.sort().at(-1));
}
