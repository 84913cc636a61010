/** Two naive designs that the harness must find fault with. A state that reads as old or as new passes, whatever its bytes. */

import { beforeAll, describe, expect, test } from "vitest";
import { init } from "../../src/index.js";
import { Random } from "../model/random.js";
import { join } from "../support/bytes.js";
import { encodeIndex, entryBytes } from "../support/shard_bytes.js";
import type { Mode } from "./crash_store.js";
import { Exploration } from "./explore.js";
import { entriesOf, type Geometry, randomBytes, record, type Scenario, scenarioOf, shardKey } from "./scenarios.js";

beforeAll(() => init());

const geometry: Geometry = { slotLength: 3000, slots: 2, indexLocation: "end", seed: 3 };

function explore(scenario: Scenario, mode: Mode): Exploration {
  const exploration = new Exploration({ random: new Random(1), limit: 1024, again: 0, isLenient: true });
  exploration.explore(record(scenario, mode, { isNaive: true }));
  console.log(`${scenario.name}, ${mode}: ${exploration.failures.size} of ${exploration.states.size} states fail`);
  return exploration;
}

/** The new slot and the new index over the old index. */
function appendOverIndex(): Scenario {
  const { slotLength, slots } = geometry;
  const slot = randomBytes(new Random(4), slotLength);
  return {
    ...scenarioOf(geometry, "W6 by hand, one slot"),
    name: "append over the index",
    operation(store) {
      const value = store.getSync(shardKey)!;
      const entries = entriesOf(value, slots, "end");
      const offset = value.byteLength - slots * entryBytes - 4;
      entries[1] = [BigInt(offset), BigInt(slotLength)];
      const bytes = join(slot, encodeIndex(entries));
      store.patchSync(shardKey, { writes: [{ offset, bytes }], byteLength: offset + bytes.byteLength });
    },
  };
}

describe.each(["process", "power"] as const)("%s", (mode) => {
  test("overwriting in place without a journal", () => {
    const { failures, states } = explore({ ...scenarioOf(geometry, "W5, one slot"), name: "overwrite in place" }, mode);
    expect(failures.size).toBeGreaterThan(states.size / 3);
  });

  test("appending over an index at the end", () => {
    const { failures, states } = explore(appendOverIndex(), mode);
    expect(failures.size).toBeGreaterThan(states.size / 3);
  });
});
