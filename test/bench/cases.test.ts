/** Every case of the benchmark suite, once, on tiny sizes: what each engine gives is verified, and no time is looked at. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireBuild } from "../cli/support.js";

interface Result {
  readonly name: string;
  readonly milliseconds: number;
  readonly count: number;
}

interface Measured {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly bytes: number;
  readonly results: readonly Result[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

interface Case extends Pick<Measured, "id" | "group" | "title"> {
  readonly quick?: boolean;
}

interface Host {
  readonly now: () => number;
  close(): void;
}

/** One row of a target, or why there is none. */
interface TargetRow {
  readonly case: string;
  readonly met?: boolean;
  readonly reason?: string;
}

interface Target {
  readonly id: string;
  readonly verdict: string;
  readonly rows: readonly TargetRow[];
}

interface Modules {
  readonly index: {
    readonly groups: Readonly<Record<string, string>>;
    allCases(options?: { readonly isTiny: boolean }): readonly Case[];
  };
  readonly suite: { runCase(each: Case, host: Host, effort: unknown): Promise<Measured> };
  readonly measure: {
    readonly tinyEffort: unknown;
    measure(contestants: readonly object[], effort: unknown, now: () => number): Promise<readonly Result[]>;
  };
  readonly main: { openHost(): Promise<Host> };
  readonly targets: { readonly targets: readonly { readonly id: string }[] };
  readonly results: {
    evaluateTargets(targets: unknown, cases: unknown): readonly Target[];
    rowsOf(cases: unknown, targets: unknown): readonly object[];
    formatTables(rows: unknown, targets: unknown): string;
  };
  readonly report: { formatReport(document: object, charts: unknown): string };
  readonly charts: { drawCharts(cases: unknown): readonly { readonly name: string; readonly svg?: string }[] };
}

/** The suite is JavaScript, which a page can load as it is. */
async function load<Name extends keyof Modules>(path: string): Promise<Modules[Name]> {
  return import(new URL(`../../bench/${path}`, import.meta.url).href);
}

requireBuild();
const { allCases, groups } = await load<"index">("cases/index.mjs");
const { runCase } = await load<"suite">("suite.mjs");
const { measure, tinyEffort } = await load<"measure">("measure.mjs");
const { openHost } = await load<"main">("node/main.mjs");
const { targets } = await load<"targets">("targets.mjs");
const { evaluateTargets, formatTables, rowsOf } = await load<"results">("results.mjs");
const { formatReport } = await load<"report">("report/report.mjs");
const { drawCharts } = await load<"charts">("report/charts.mjs");

const tiny = allCases({ isTiny: true });
const measured: Measured[] = [];
let host: Host;

beforeAll(async () => {
  host = await openHost();
});
afterAll(() => host.close());

describe("every case runs and verifies", () => {
  test.each(Object.keys(groups))("%s", async (group) => {
    const cases = tiny.filter((each) => each.group === group);
    expect(cases.length).toBeGreaterThan(0);
    for (const each of cases) {
      const result = await runCase(each, host, tinyEffort);
      measured.push(result);
      // A peer that is not installed is missing; one that is there must not fail.
      expect(result.missing.filter(({ reason }) => reason.startsWith("failed"))).toEqual([]);
      expect(result.results.filter(({ name }) => name.startsWith("zarr-python"))).toEqual([]);
      for (const { count, milliseconds } of result.results)
        expect([count > 0, milliseconds >= 0]).toEqual([true, true]);
    }
  });
});

test("the cases have ids of their own, and the tiny ones are all groups of the real ones", () => {
  const real = allCases();
  expect(new Set(real.map(({ id }) => id)).size).toBe(real.length);
  expect(new Set(tiny.map(({ id }) => id)).size).toBe(tiny.length);
  expect([...new Set(real.map(({ group }) => group))].sort()).toEqual(Object.keys(groups).sort());
  expect(real.filter(({ quick }) => quick).length).toBeGreaterThan(20);
});

test("every row of every target names cases that exist", () => {
  const real = allCases().map(({ id, group, title }) => ({ id, group, title, bytes: 1, results: [], missing: [] }));
  const evaluated = evaluateTargets(targets, real);
  expect(evaluated.map(({ id }) => id)).toEqual(targets.map(({ id }) => id));
  const unknown = evaluated.flatMap(({ rows }) => rows.filter(({ reason }) => reason === "no such case was measured"));
  expect(unknown).toEqual([]);
  expect(evaluated.every(({ verdict }) => verdict === "not measured")).toBe(true);
});

test("a target is met, missed or not measured", () => {
  const target = { kind: "ratio", cases: /^x$/, peer: "slow", atLeast: 2 };
  const evaluate = (results: readonly Result[]) =>
    evaluateTargets(
      [{ id: "t", text: "t", rows: [target] }],
      [{ id: "x", title: "x", bytes: 1, results, missing: [] }],
    )[0];
  const ours = { name: "syncodec", milliseconds: 1, count: 3 };
  expect(evaluate([ours, { name: "slow", milliseconds: 2, count: 3 }])?.verdict).toBe("met");
  expect(evaluate([ours, { name: "slow", milliseconds: 1.9, count: 3 }])?.verdict).toBe("missed");
  expect(evaluate([ours])?.verdict).toBe("not measured");
});

test("measuring alternates, prepares outside of the timed part, and gives medians", async () => {
  let clock = 0;
  const calls: string[] = [];
  const contestant = (name: string, time: number) => ({
    name,
    before: () => {
      clock += 1000;
    },
    run: () => {
      calls.push(name);
      clock += time;
    },
  });
  const effort = { repetitions: 5, minimum: 3, seconds: 1000, batchMilliseconds: 1, warmUpMilliseconds: 0 };
  const results = await measure([contestant("a", 2), contestant("b", 7)], effort, () => clock);
  expect(results).toEqual([
    { name: "a", milliseconds: 2, count: 5 },
    { name: "b", milliseconds: 7, count: 5 },
  ]);
  expect(calls.slice(-4)).toEqual(["a", "b", "a", "b"]);
});

test("fast calls are timed in batches, slow ones at least three times", async () => {
  let clock = 0;
  const run = (time: number) => () => {
    clock += time;
  };
  const effort = { repetitions: 15, minimum: 3, seconds: 1, batchMilliseconds: 10, warmUpMilliseconds: 5 };
  const fast = await measure([{ name: "fast", run: run(0.5) }], effort, () => clock);
  expect(fast).toEqual([{ name: "fast", milliseconds: 0.5, count: 15 }]);
  const slow = await measure([{ name: "slow", run: run(4000) }], effort, () => clock);
  expect(slow).toEqual([{ name: "slow", milliseconds: 4000, count: 3 }]);
});

test("tables and report hold every case", () => {
  const evaluated = evaluateTargets(targets, measured);
  const rows = rowsOf(measured, evaluated);
  const tables = formatTables(rows, evaluated);
  const charts = drawCharts(measured);
  const document = {
    date: "2000-01-01T00:00:00.000Z",
    seconds: 1,
    quick: false,
    commit: "c0ffee",
    machine: { processor: "none", cores: 1, memoryGiB: 1, system: "none" },
    versions: { syncodec: "0.0.0" },
    targets: evaluated,
    cases: measured,
  };
  const report = formatReport(document, charts);
  for (const { id } of measured) {
    expect(tables).toContain(`${id} `);
    expect(report).toContain(`\`${id}\``);
  }
  expect(charts.map(({ name }) => name)).toEqual([
    "throughput-by-chunk-size",
    "patch-by-shard-size",
    "scaling-with-workers",
    "scaling-with-array-size",
  ]);
  for (const { svg } of charts) if (svg !== undefined) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
