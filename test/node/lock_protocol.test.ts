/** Every order of calls and deaths of contenders for one lock, in a simulated directory; and the names that a new owner sweeps. */

import { describe, expect, test } from "vitest";
import { isLeftover } from "../../src/node/lock_protocol.js";
import { settled } from "../../src/stores/steps.js";
import { type Acquire, explore, lock, token } from "./lock_model.js";

const held = [[lock, -1]] as const;
/** Two have died: the owner, who was writing, and one who was about to steal from it. */
const chained = [...held, [`${lock}.${token(-1)}`, -2], [`__k.${token(-1)}-inside.tmp`, -1]] as const;

const none = new Map<string, number>();

describe("contenders who die at any call", () => {
  test.each([
    ["2 contenders, a free lock", 200, { contenders: 2, rounds: 2, files: [] }],
    ["2 contenders, a dead owner", 800, { contenders: 2, rounds: 2, files: held }],
    ["2 contenders, a dead stealer too", 1_500, { contenders: 2, rounds: 3, files: chained }],
    [
      "2 contenders who cannot link the store's file",
      4_000,
      { contenders: 2, rounds: 2, files: chained, links: "elsewhere" },
    ],
    ["2 contenders, no links", 1_500, { contenders: 2, rounds: 3, files: chained, links: "none" }],
    ["3 contenders, a dead owner", 35_000, { contenders: 3, rounds: 1, files: held }],
    ["3 contenders, a dead stealer too", 80_000, { contenders: 3, rounds: 1, files: chained }],
  ] as const)("%s", (_, states, scenario) => {
    const found = explore({ deaths: scenario.contenders, ...scenario });
    expect(found.failures).toEqual(none);
    expect(found.states).toBeGreaterThan(states);
  });

  test("nothing is left where nobody dies", () => {
    for (const files of [[], held, chained]) {
      const found = explore({ contenders: 3, rounds: 1, deaths: 0, files });
      expect(found).toMatchObject({ failures: none, littered: 0 });
    }
  });
});

/** The protocol without some of its rules; it never reads a dead contender's claim again. */
const stealing = (rereads: boolean, chains: boolean): Acquire =>
  function* (files, path, { ownerFile }) {
    const own = ownerFile() ?? "";
    for (;;) {
      if (yield* settled(files.link(own, path))) return false;
      const holder = yield* settled(files.read(path));
      if (holder === undefined || !(yield* settled(files.isDead(holder)))) continue;
      let claim = `${path}.${holder.token}`;
      let isOurs = yield* settled(files.link(own, claim));
      while (chains && !isOurs) {
        const claimant = yield* settled(files.read(claim));
        if (claimant === undefined || !(yield* settled(files.isDead(claimant)))) break;
        claim = `${path}.${claimant.token}`;
        isOurs = yield* settled(files.link(own, claim));
      }
      if (!isOurs) continue;
      const now = rereads ? yield* settled(files.read(path)) : holder;
      if (now?.token === holder.token) {
        yield* settled(files.rename(claim, path));
        for (const name of yield* settled(files.list(""))) {
          if (isLeftover(name, path)) yield* settled(files.unlink(name));
        }
        return true;
      }
      yield* settled(files.unlink(claim));
    }
  };

describe("controls: what the protocol is there for", () => {
  test("unlinking the dead owner's lock and linking one's own: two owners", () => {
    const naive: Acquire = function* (files, path, { ownerFile }) {
      const own = ownerFile() ?? "";
      for (;;) {
        if (yield* settled(files.link(own, path))) return false;
        const holder = yield* settled(files.read(path));
        if (holder !== undefined && (yield* settled(files.isDead(holder)))) yield* settled(files.unlink(path));
      }
    };
    const { failures } = explore({ contenders: 2, rounds: 1, deaths: 0, files: held, acquire: naive });
    expect(failures.get("removed a living owner's file")).toBeGreaterThan(0);
    expect(failures.get("two owners")).toBeGreaterThan(0);
  });

  test("not reading the lock again under the claim: stolen from the living", () => {
    const scenario = { contenders: 2, rounds: 1, deaths: 0, files: held };
    expect(explore({ ...scenario, acquire: stealing(true, true) }).failures).toEqual(none);
    const { failures } = explore({ ...scenario, acquire: stealing(false, true) });
    expect(failures.get("stolen from a living owner")).toBeGreaterThan(0);
    expect(failures.get("two owners")).toBeGreaterThan(0);
  });

  test("not going on with a dead claimant's token: blocked for ever", () => {
    const scenario = { contenders: 2, rounds: 1, deaths: 1, files: held };
    expect(explore({ ...scenario, acquire: stealing(true, true) }).failures).toEqual(none);
    const { failures } = explore({ ...scenario, acquire: stealing(true, false) });
    expect(failures.get("blocked for ever")).toBeGreaterThan(0);
  });
});

/** One has stolen the lock and died, before which a second has read its claim. */
const prelude = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, ~0];

describe("a claim withdrawn before its contender died", () => {
  const scenario = { contenders: 4, rounds: 1, deaths: 2, files: held, prelude };

  test("control: going on with its token all the same: two owners", () => {
    const { failures } = explore({ ...scenario, acquire: stealing(true, true) });
    expect(failures.get("stolen from a living owner")).toBeGreaterThan(0);
    expect(failures.get("two owners")).toBeGreaterThan(0);
  });

  test("is found missing", () => {
    const found = explore(scenario);
    expect(found.failures).toEqual(none);
    expect(found.states).toBeGreaterThan(10_000);
  });
});

describe("what a new owner sweeps", () => {
  const t = token(-1);
  test.each([
    ["__a.lock", `__a.lock.${t}`],
    ["__a.lock", "__a.1234-0-x7-1.tmp"],
    ["__a.b.lock", "__a.b.1234-0-x7-1.tmp"],
  ])("of %s: %s", (own, name) => {
    expect(isLeftover(name, own)).toBe(true);
  });

  test.each([
    ["the lock", "__a.lock"],
    ["the journal", "__a.journal"],
    ["a lock of a.lock", "__a.lock.lock"],
    ["a journal of a.lock", "__a.lock.journal"],
    ["a temporary file of a.lock", "__a.lock.1234-0-x7-1.tmp"],
    ["a claim on a.lock's", `__a.lock.lock.${t}`],
    ["a temporary file of a.b", "__a.b.1234-0-x7-1.tmp"],
    ["a temporary file of ab", "__ab.1234-0-x7-1.tmp"],
    ["a value", "a.1234.tmp"],
    ["no name", "__a..tmp"],
    ["hardly a name", "__a.tmp"],
  ])("not %s", (_, name) => {
    expect(isLeftover(name, "__a.lock")).toBe(false);
  });
});
