/** The tables of a report, whatever they are drawn with: measured cases against their peers, and what did not run. */

const isOurs = ({ name }) => name.startsWith("syncodec");

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

/** Runs of cases that make one table: a group, or the cases of it that have the same contestants. */
function partsOf(cases) {
  const parts = new Map();
  for (const each of cases) {
    const key = `${each.results.find(isOurs)?.name}: ${peersOf([each]).join()}`;
    const family = /[PKCG]/.test(each.group) ? key : each.group;
    parts.set(family, [...(parts.get(family) ?? []), each]);
  }
  return [...parts.values()];
}

/**
 * Tables `{ titles, rows }` of one group's cases: a title for each column of a peer, and rows `{ case, ours, note, peers }`. `ours` is the first
 * result of syncodec, `note` what it does if that is special; `peers` has for each column a result with its `ratio`, or `undefined`.
 */
export function groupTables(cases) {
  return partsOf(cases).map((part) => {
    const names = peersOf(part);
    const primary = part[0].results.find(isOurs)?.name ?? "";
    const titles = names.map((name) => (name === "syncodec" ? `syncodec, ${others[primary]}` : name));
    const rows = part.map((each) => {
      const ours = each.results.find(isOurs);
      if (ours === undefined) return { case: each, peers: names.map(() => undefined) };
      const peers = names.map((name) => {
        const peer = each.results.find((result) => result.name === name && result !== ours);
        return peer && { ...peer, ratio: peer.milliseconds / ours.milliseconds };
      });
      return { case: each, ours, note: ours.name.slice("syncodec ".length), peers };
    });
    return { titles, rows };
  });
}

/** What did not run, by peer and reason: `{ name, reason, ids }`. */
export function missingOf(cases) {
  const found = new Map();
  for (const { id, missing } of cases) {
    for (const { name, reason } of missing) {
      const key = JSON.stringify([name, reason]);
      const entry = found.get(key) ?? { name, reason, ids: [] };
      entry.ids.push(id);
      found.set(key, entry);
    }
  }
  return [...found.values()];
}
