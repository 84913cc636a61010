/**
 * Every operation is cut everywhere, recovered, and found old or new.
 *
 * `SYNCODEC_CRASH_STATES` sets how many distinct states of the disk must be seen (default 10,000).
 */

import { beforeAll, expect, test } from "vitest";
import { init } from "../../src/index.js";
import { Random } from "../model/random.js";
import { Exploration } from "./explore.js";
import { type Geometry, record, scenariosOf } from "./scenarios.js";

beforeAll(() => init());

const wantedStates = Number(process.env.SYNCODEC_CRASH_STATES ?? 10_000);

/** The first two are small, so that every state of them is seen; the others are drawn. */
function geometryOf(round: number, random: Random): Geometry {
  const indexLocation = round % 2 === 0 ? "end" : "start";
  if (round < 2) return { slotLength: 700, slots: 2, indexLocation, seed: round };
  const slotLength = random.pick([512, 1024, random.integer(300, 3000)]);
  return { slotLength, slots: random.integer(2, 4), indexLocation, seed: random.next() };
}

/** By operation and mode, states for each kind of crash, and failures in all. */
type Table = Record<string, Record<string, number>>;

function add(table: Table, name: string, exploration: Exploration): void {
  const row = table[name] ?? {};
  table[name] = row;
  row.failures = (row.failures ?? 0) + exploration.failures.size;
  for (const [crash, states] of exploration.statesByCrash) row[crash] = (row[crash] ?? 0) + states.size;
}

test.each(["end", "start"] as const)(
  "the scenarios take the paths that they are named after, index at %s",
  (indexLocation) => {
    for (const scenario of scenariosOf({ slotLength: 700, slots: 3, indexLocation, seed: 1 })) {
      const { log } = record(scenario, "process");
      const created = log.flatMap((change) => (change.kind === "create" ? [change.path] : []));
      const isPatch = created.length > 0 && created.every((path) => path.includes(".journal"));
      expect(isPatch, scenario.name).toBe(/^W[56]/.test(scenario.name));
    }
  },
);

test(`${wantedStates} states`, { timeout: 60_000 + wantedStates * 10 }, () => {
  const random = new Random(1);
  const states = new Set<string>();
  const table: Table = {};
  const failures: Record<string, string> = {};
  for (let round = 0; states.size < wantedStates; round++) {
    for (const scenario of scenariosOf(geometryOf(round, random))) {
      for (const mode of ["process", "power"] as const) {
        const exploration = new Exploration({ random, limit: 256, again: 0.25 });
        exploration.explore(record(scenario, mode));
        const name = `${scenario.name}, ${mode}`;
        add(table, name, exploration);
        for (const state of exploration.states) states.add(state);
        for (const fault of exploration.failures.values()) failures[`round ${round}: ${name}`] = fault;
      }
    }
  }
  console.table(table);
  console.log(`${states.size} distinct states`);
  expect(failures).toEqual({});
});
