/** From measured cases to rows (case, ours, peer, ratio), and from rows to targets met or missed. */

import { targets } from "./targets.mjs";

const isOurs = ({ name }) => name.startsWith("syncodec");

/** How many times as fast as `peer` `ours` is. */
const ratioOf = (ours, peer) => peer.milliseconds / ours.milliseconds;

function row({ id, title, bytes }, ours, peer) {
  return { case: id, title, bytes, ours, peer, ratio: ratioOf(ours, peer) };
}

/** What a pattern of a target stands for in one case: the contestants it names, or why there are none. */
function pick(measured, target) {
  const ours = measured.results.find((each) => (target.ours === undefined ? isOurs(each) : each.name === target.ours));
  const peer = measured.results.find(({ name }) => name === target.peer);
  if (ours !== undefined && peer !== undefined) return { ours, peer };
  const wanted = ours === undefined ? (target.ours ?? "syncodec") : target.peer;
  const { reason = "not measured" } = measured.missing.find(({ name }) => name.startsWith(wanted)) ?? {};
  return { reason: `${wanted}: ${reason}` };
}

const evaluators = {
  ratio(measured, target) {
    return measured.map((each) => {
      const { ours, peer, reason } = pick(each, target);
      const common = { case: each.id, wanted: `≥ ${Number(target.atLeast.toFixed(2))}×` };
      if (reason !== undefined) return { ...common, reason };
      const ratio = ratioOf(ours, peer);
      return { ...common, ours: ours.name, peer: peer.name, ratio, met: ratio >= target.atLeast };
    });
  },
  noMore(measured, target) {
    return measured.map((each) => {
      const { ours, peer, reason } = pick(each, target);
      const { metric } = target;
      const common = { case: each.id, wanted: `no more ${metric}` };
      if (reason !== undefined) return { ...common, reason };
      const counts = { ours: `${ours.name}: ${ours[metric]}`, peer: `${peer.name}: ${peer[metric]}` };
      return { ...common, ...counts, met: ours[metric] <= peer[metric] };
    });
  },
  /** How far the ratios to `peer` of all cases lie apart. */
  spread(measured, target) {
    const wanted = `apart by ≤ ${target.atMost}×`;
    const found = measured.map((each) => ({ each, ...pick(each, target) }));
    const reasons = found.filter(({ reason }) => reason !== undefined);
    if (found.length < 2 || reasons.length > 0) {
      return [{ case: measured.map(({ id }) => id).join(", "), wanted, reason: reasons[0]?.reason ?? "not measured" }];
    }
    const ratios = found.map(({ ours, peer }) => ratioOf(ours, peer));
    const spread = Math.max(...ratios) / Math.min(...ratios);
    const times = ratios.map((ratio) => `${(1 / ratio).toFixed(2)}`).join(", ");
    return [
      {
        case: found.map(({ each }) => each.id).join(", "),
        wanted,
        ours: `syncodec ÷ ${target.peer}: ${times}`,
        peer: target.peer,
        ratio: spread,
        met: spread <= target.atMost,
      },
    ];
  },
};

/** "met", "missed", or "not measured" where a case or a peer is missing. */
function verdict(rows) {
  if (rows.some(({ met }) => met === false)) return "missed";
  return rows.length > 0 && rows.every(({ met }) => met === true) ? "met" : "not measured";
}

const noCase = "no such case was measured";

/** Every target with its rows: `{ id, text, verdict, rows: [{ case, wanted, ours, peer, ratio, met } or { case, wanted, reason }] }`. */
export function evaluateTargets(targets, measured) {
  return targets.map(({ id, text, rows }) => {
    const found = rows.flatMap((target) => {
      const matching = measured.filter((each) => target.cases.test(each.id));
      if (matching.length === 0) return [{ case: String(target.cases), wanted: "", reason: noCase }];
      return evaluators[target.kind](matching, target);
    });
    return { id, text, verdict: verdict(found), rows: found };
  });
}

/** The rows of the table: syncodec's first contestant against every other one, and what a target compares besides. */
export function rowsOf(measured, evaluated) {
  return measured.flatMap((each) => {
    const first = each.results.find(isOurs);
    if (first === undefined) return [];
    const rows = each.results
      // The better of zarr-python's pipelines stands in a row of its own only where a target asks for it.
      .filter((other) => other !== first && other.setting === undefined)
      .map((other) => row(each, first, other));
    if (rows.length === 0) rows.push({ ...row(each, first, first), peer: undefined, ratio: undefined });
    for (const target of evaluated.flatMap((evaluation) => evaluation.rows)) {
      if (target.case !== each.id || target.ratio === undefined) continue;
      const known = rows.find(({ ours, peer }) => ours.name === target.ours && peer?.name === target.peer);
      const result = { target: target.wanted, met: target.met };
      if (known !== undefined) Object.assign(known, result);
      else {
        const [ours, peer] = [target.ours, target.peer].map((name) =>
          each.results.find((found) => found.name === name),
        );
        if (ours && peer) rows.push({ ...row(each, ours, peer), ...result });
      }
    }
    const missing = each.missing.map(({ name, reason }) => ({
      case: each.id,
      title: each.title,
      peer: { name },
      reason,
    }));
    return [...rows, ...missing];
  });
}

/**
 * The document of results of a run that began at `started`, in milliseconds since 1970: what is written to files, and what a link to the page
 * holds. `about` is `{ quick, commit, machine, versions }`.
 */
export function documentOf(measured, started, seconds, { quick, commit, machine, versions }) {
  const evaluated = evaluateTargets(targets, measured);
  return {
    date: new Date(started).toISOString(),
    seconds,
    quick,
    commit,
    machine,
    versions,
    rows: rowsOf(measured, evaluated),
    targets: evaluated,
    cases: measured,
  };
}

/** A time in ns, µs, ms or s with three digits. */
export function formatTime(milliseconds) {
  const [unit, factor] =
    milliseconds < 1e-3 ? ["ns", 1e6] : milliseconds < 1 ? ["µs", 1e3] : milliseconds < 1000 ? ["ms", 1] : ["s", 1e-3];
  return `${(milliseconds * factor).toPrecision(3).replace(/e\+(\d+)$/, "e$1")} ${unit}`;
}

/** "12.3×", with enough digits to tell a small ratio. */
export function formatRatio(ratio) {
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)}×`;
}

/** Bytes in a time as MB/s or GB/s; nothing where there are none. */
export function formatSpeed(bytes, milliseconds) {
  if (bytes === 0) return "";
  const megabytes = bytes / 1000 / milliseconds;
  return megabytes >= 1000 ? `${(megabytes / 1000).toPrecision(3)} GB/s` : `${megabytes.toPrecision(3)} MB/s`;
}

export function timedName({ name, setting, milliseconds, count }) {
  return `${name}${setting === undefined ? "" : ` (${setting})`} ${formatTime(milliseconds)} (${count})`;
}

function targetCell({ target, met }) {
  return target === undefined ? "" : `${target} ${met ? "met" : "MISSED"}`;
}

/** Lines of a table whose columns are as wide as they must be; the first two and the last are text. */
function layOut(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const rule = widths.map((width) => "─".repeat(width));
  const print = (line) => line.map((cell, i) => (i === 3 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])));
  return [print(lines[0]), rule, ...lines.slice(1).map(print)].map((cells) => cells.join("  ").trimEnd());
}

/** The table of all rows, and that of all targets. */
export function formatTables(rows, evaluated) {
  const cells = rows.map((each) => {
    if (each.reason !== undefined) return [each.case, "", each.peer.name, "–", each.reason];
    const peer = each.peer === undefined ? "" : timedName(each.peer);
    return [
      each.case,
      timedName(each.ours),
      peer,
      each.ratio === undefined ? "" : formatRatio(each.ratio),
      targetCell(each),
    ];
  });
  const touched = evaluated.filter((target) => target.rows.some(({ ours, reason }) => ours ?? reason !== noCase));
  const verdicts = touched.flatMap((target) => [
    `${target.verdict.toUpperCase().padEnd(12)}  ${target.text}`,
    ...target.rows
      .filter(({ met }) => met !== true)
      .map(({ case: id, wanted, ours, peer, ratio, reason }) => {
        const found = reason ?? `${ours} against ${peer}${ratio === undefined ? "" : `: ${formatRatio(ratio)}`}`;
        return `                ${id}  ${found}${reason === undefined ? ` (${wanted})` : ""}`;
      }),
  ]);
  return [
    ...layOut([["case", "ours: median (repetitions)", "peer", "ratio", "target"], ...cells]),
    ...(verdicts.length === 0 ? [] : ["", "Targets", ...verdicts]),
  ].join("\n");
}
