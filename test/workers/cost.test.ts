/** Estimates of cost, and what they learn. */

import { beforeAll, describe, expect, test } from "vitest";
import { init } from "../../src/index.js";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { parseNamed } from "../../src/metadata/validate.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { CostEstimate, learn, savingOf } from "../../src/pipeline/cost.js";
import { type DecodeJob, decodeJob } from "../../src/pipeline/plan.js";

beforeAll(() => init());

/** Jobs that decode `count` chunks of `byteLength` bytes each. */
function jobs(codec: string, byteLength: number, count: number): DecodeJob[] {
  const dataType = dataTypeByName("uint8");
  const codecs = ["bytes", codec].map((name) => parseNamed(name, { field: "codecs" }));
  const spec = { shape: [byteLength], dataType, fillValue: Uint8Array.of(0) };
  const { byteSteps } = bindCodecs(codecs, spec, { field: "codecs" });
  const place = { key: "/c", grid: undefined, number: 0 };
  return Array.from({ length: count }, () => decodeJob(place, byteSteps, new Uint8Array(10), byteLength));
}

const cost = (list: readonly DecodeJob[]) => new CostEstimate().ofAll(list);

test("threads help with much work per byte, not with little work or quick codecs", () => {
  expect(savingOf(cost(jobs("gzip", 2 ** 18, 16)), 2)).toBeGreaterThan(1000);
  expect(savingOf(cost(jobs("gzip", 2 ** 18, 16)), 4)).toBeGreaterThan(savingOf(cost(jobs("gzip", 2 ** 18, 16)), 2));
  expect(savingOf(cost(jobs("gzip", 1000, 4)), 2)).toBe(0);
  expect(savingOf(cost(jobs("crc32c", 2 ** 20, 64)), 2)).toBe(0);
});

describe("learning", () => {
  test("a request is uniform if all its jobs have the same steps and direction", () => {
    const [some, others] = [jobs("gzip", 1000, 3), jobs("gzip", 1000, 3)];
    expect(cost(some)).toMatchObject({ jobs: 3, bytes: 3000, isUniform: true });
    expect(cost([...some, ...others]).isUniform).toBe(false);
  });

  test("estimates approach what was found, for these steps only", () => {
    const [list, others] = [jobs("gzip", 2 ** 16, 4), jobs("gzip", 2 ** 16, 4)];
    const expected = cost(list).cost;
    for (const found of [expected / 8, expected * 8, expected]) {
      for (let n = 0; n < 40; n++) learn(list[0]!.steps, "decode", cost(list).cost, found);
      expect(cost(list).cost / found).toBeCloseTo(1, 1);
    }
    expect(cost(others).cost).toBe(expected);
  });

  test("one slow run changes little", () => {
    const list = jobs("gzip", 2 ** 16, 4);
    const expected = cost(list).cost;
    learn(list[0]!.steps, "decode", expected, expected * 1000);
    expect(cost(list).cost / expected).toBeCloseTo(1.25, 5);
  });
});
