/** Each sync of the protocol left out: the harness finds states that are then lost, so that none is superfluous, nor the harness blind. */

import { beforeAll, expect, test } from "vitest";
import { init } from "../../src/index.js";
import { Random } from "../model/random.js";
import type { CrashDisk } from "./crash_disk.js";
import { Exploration, type ExploreOptions } from "./explore.js";
import { type DiskCall, HookedDisk } from "./hooked_disk.js";
import { type Geometry, record, scenarioOf, shardKey } from "./scenarios.js";

beforeAll(() => init());

/** Whether a sync, the `number`th since the process began, is left out. */
type Drops = (call: DiskCall, number: number) => boolean;

const without =
  (drops: Drops) =>
  (disk: CrashDisk): HookedDisk => {
    let number = 0;
    return new HookedDisk(disk, (call, proceed) => {
      const isSync = call.kind === "sync" || call.kind === "sync directory";
      if (!isSync || !drops(call, ++number)) proceed();
    });
  };

const nth =
  (...numbers: readonly number[]): Drops =>
  (_, number) =>
    numbers.includes(number);

const geometry = (indexLocation: Geometry["indexLocation"]): Geometry => ({
  slotLength: 1100,
  slots: 2,
  indexLocation,
  seed: 7,
});

function explore(
  name: string,
  indexLocation: Geometry["indexLocation"],
  drops: { readonly operation?: Drops; readonly recovery?: Drops },
): Exploration {
  const options: ExploreOptions = { random: new Random(1), limit: 256, again: 1 };
  const exploration = new Exploration(
    drops.recovery === undefined ? options : { ...options, recoveringDisk: without(drops.recovery) },
  );
  const cut = geometry(indexLocation);
  // A rewrite does not wait for the directory before its rename: it shows what may come back.
  const scenario = { ...scenarioOf(cut, name), next: scenarioOf(cut, "W4, slot vanishes").operation };
  exploration.explore(record(scenario, "power", drops.operation && { disk: without(drops.operation) }));
  return exploration;
}

const w5 = "W5, one slot";
const w6 = "W6 by hand, one slot";

test.each([w5, w6, "W5 after unsynced W3", "W3, index", "shard vanishes"])("all syncs, %s: nothing is lost", (name) => {
  for (const location of ["end", "start"] as const) expect(explore(name, location, {}).failureCounts()).toEqual({});
});

/** The syncs of a patch in order; with an overwrite after an append, there is one in the middle. */
test.each([
  [w5, "end", ["sync /c/0", "directory", "sync temporary", "directory", "sync /c/0", "sync temporary"]],
  [w6, "end", ["sync /c/0", "directory", "sync temporary", "directory", "sync /c/0", "sync temporary"]],
  [w6, "start", ["sync /c/0", "directory", "sync temporary", "directory", "sync /c/0", "sync /c/0", "sync temporary"]],
  ["W3, index", "end", ["sync temporary", "directory"]],
  ["shard vanishes", "end", ["directory"]],
] as const)("the syncs of %s, index at %s", (name, location, expected) => {
  const syncs: string[] = [];
  const note: Drops = ({ kind, path }) => {
    syncs.push(kind === "sync" ? `sync ${path.endsWith(".tmp") ? "temporary" : path}` : "directory");
    return false;
  };
  record(scenarioOf(geometry(location), name), "power", { disk: without(note) });
  expect(syncs).toEqual(expected);
});

test.each([
  ["the journal", w5, "end", { operation: nth(3) }],
  ["the journal", w6, "end", { operation: nth(3) }],
  ["the journal", w6, "start", { operation: nth(3) }],
  ["the journal's directory entry", w5, "end", { operation: nth(4) }],
  ["the journal's directory entry", w6, "end", { operation: nth(4) }],
  ["the journal's directory entry", w6, "start", { operation: nth(4) }],
  ["the append before the overwrite", w6, "start", { operation: nth(5) }],
  ["the data", w5, "end", { operation: nth(5) }],
  ["the data", w6, "end", { operation: nth(5) }],
  ["the data", w6, "start", { operation: nth(6) }],
  ["the retirement", w5, "end", { operation: nth(6) }],
  ["the retirement", w6, "end", { operation: nth(6) }],
  ["the retirement", w6, "start", { operation: nth(7) }],
  ["the journal and its directory in recovery", w5, "end", { recovery: nth(1, 2) }],
  ["the journal and its directory in recovery", w5, "start", { recovery: nth(1, 2) }],
  ["the data in recovery", w5, "end", { recovery: ({ path, kind }) => kind === "sync" && path === shardKey }],
  ["the data in recovery", w6, "end", { recovery: ({ path, kind }) => kind === "sync" && path === shardKey }],
  ["the data in recovery", w6, "start", { recovery: ({ path, kind }) => kind === "sync" && path === shardKey }],
  ["file and directory before the patch", "W5 after unsynced W3", "end", { operation: nth(1, 2) }],
  ["file and directory before the patch", "W5 after unsynced W3", "start", { operation: nth(1, 2) }],
  ["the temporary file", "W3, index", "end", { operation: nth(1) }],
  ["the directory after the rename", "W3, index", "end", { operation: nth(2) }],
  ["the directory after the removal", "shard vanishes", "end", { operation: nth(1) }],
] satisfies readonly [string, string, Geometry["indexLocation"], { operation?: Drops; recovery?: Drops }][])(
  "without a sync of %s, %s, index at %s, states are lost",
  (sync, name, location, drops) => {
    const exploration = explore(name, location, drops);
    console.log(
      `${sync} | ${name}, index at ${location} |`,
      exploration.failures.size,
      "of",
      exploration.states.size,
      JSON.stringify(exploration.failureCounts()),
    );
    expect(exploration.failures.size).toBeGreaterThan(0);
  },
);
