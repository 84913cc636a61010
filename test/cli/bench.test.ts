/** `syncodec bench`. Nothing here looks at a time. */

import { expect, test } from "vitest";
import { requireBuild, syncodec } from "./support.js";

requireBuild();

test("prints a table of the cases that are asked for", async () => {
  const { status, stdout, stderr } = await syncodec("bench", "--case", "K.crc32c.1KiB");
  expect([status, stderr]).toEqual([0, ""]);
  const [head, , ...lines] = stdout.split("\n");
  expect(head).toMatch(/^case +ours: median \(repetitions\) +peer +ratio +target$/);
  expect(lines[0]).toMatch(/^K\.crc32c\.1KiB +syncodec in linear memory [\d.]+ [nµm]s \(\d+\) +syncodec [\d.]+ [nµm]s/);
});

test("--peer leaves out others, --json gives one document", async () => {
  const { status, stdout } = await syncodec("bench", "--case", "S.memory.chunks.:10", "--peer", "zarrita", "--json");
  expect(status).toBe(0);
  const { quick, cases } = JSON.parse(stdout);
  expect(quick).toBe(true);
  expect(cases).toHaveLength(1);
  const [{ id, results }] = cases;
  expect([id, results.map(({ name }: { name: string }) => name)]).toEqual([
    "S.memory.chunks.:10",
    ["syncodec", "zarrita"],
  ]);
});

test("a case that does not exist is a wrong command line", async () => {
  const { status, stderr } = await syncodec("bench", "--case", "Z");
  expect([status, stderr]).toEqual([2, "syncodec: No quick case has such an id. Try: syncodec bench --help\n"]);
});
