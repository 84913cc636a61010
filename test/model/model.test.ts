/**
 * Random arrays and random calls on them, on every kind of store, against a plain array.
 *
 * `SYNCODEC_MODEL_STEPS` sets the number of steps in all (default 20,400). A failure names its seed; `SYNCODEC_MODEL_SEED=<seed>` runs that one array.
 */

import { beforeAll, expect, test } from "vitest";
import { init } from "../../src/index.js";
import { runModel, type StoreKind } from "./run.js";

beforeAll(() => init());

const { SYNCODEC_MODEL_STEPS, SYNCODEC_MODEL_SEED } = process.env;
const totalSteps = Number(SYNCODEC_MODEL_STEPS ?? 20_400);
const stepsPerArray = 40;
const shares: readonly (readonly [StoreKind, number])[] = [
  ["memory", 0.5],
  ["latency", 0.25],
  ["local, none", 0.15],
  ["local, process", 0.1],
];

test.each(shares)("random calls on random arrays, %s", { timeout: 60_000 + totalSteps * 20 }, async (kind, share) => {
  const isReplay = SYNCODEC_MODEL_SEED !== undefined;
  const firstSeed = isReplay ? Number(SYNCODEC_MODEL_SEED) : Math.floor(Math.random() * 2 ** 31);
  const arrays = isReplay ? 1 : Math.max(1, Math.ceil((totalSteps * share) / stepsPerArray));
  console.log(`${kind}: ${arrays} arrays of ${stepsPerArray} steps, seeds from ${firstSeed}`);
  for (let i = 0; i < arrays; i++) {
    const seed = firstSeed + i;
    const failure = await runModel(seed, kind, stepsPerArray);
    if (failure === undefined) continue;
    const replay = `SYNCODEC_MODEL_SEED=${seed} npx vitest run test/model -t "${kind}"`;
    throw new Error([String(failure.error), ...failure.history, replay].join("\n"), { cause: failure.error });
  }
  expect(arrays).toBeGreaterThan(0);
});
