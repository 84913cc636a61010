/**
 * What hostile bytes may cost: at most three times the declared chunk and 32 MiB on top of what is stored, and nothing in the long run.
 *
 * Each bomb goes off in a process of its own. `SYNCODEC_BAD_DECODES` sets how many bad decodes there are (default 100,000).
 */

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";

const here = fileURLToPath(new URL(".", import.meta.url));
const program = fileURLToPath(new URL(`../../build/memory-${process.pid}.mjs`, import.meta.url));
buildSync({
  entryPoints: [`${here}memory_child.ts`],
  outfile: program,
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
});
afterAll(() => rmSync(program, { force: true }));

function run(...args: string[]): unknown {
  return JSON.parse(
    execFileSync(process.execPath, ["--expose-gc", "--max-semi-space-size=1", program, ...args], { encoding: "utf8" }),
  );
}

const mebibyte = 2 ** 20;

describe("a bomb takes little memory", () => {
  test.each(run("list") as string[])("%s", (name) => {
    const { codes, grown, declared, stored } = run("bomb", name) as {
      codes: string[];
      grown: number;
      declared: number;
      stored: number;
    };
    for (const code of codes) expect(code).toMatch(/^(ok|CORRUPT_DATA|INVALID_SHARD_INDEX|INVALID_METADATA)$/);
    expect(stored).toBeLessThan(2 * mebibyte);
    expect(grown).toBeLessThan(3 * declared + 32 * mebibyte);
  });
});

test("many bad decodes leave memory as it was", { timeout: 600_000 }, () => {
  const count = Number(process.env.SYNCODEC_BAD_DECODES ?? 100_000);
  const results = run("decode", `${count}`) as {
    codecs: string;
    refused: number;
    linear: number;
    heap: number;
    resident: number;
  }[];
  const each = Math.ceil(count / results.length);
  expect(results.length).toBeGreaterThan(4);
  for (const { codecs, refused, linear, heap, resident } of results) {
    expect({ codecs, refused, linear }).toEqual({ codecs, refused: each, linear: 0 });
    expect(heap, `heap, ${codecs}`).toBeLessThan(4 * mebibyte);
    expect(resident, `resident, ${codecs}`).toBeLessThan(64 * mebibyte);
  }
});
