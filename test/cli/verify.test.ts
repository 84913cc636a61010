/** `syncodec verify`: everything bad is named, and nothing else. */

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run } from "../../src/cli/run.js";
import { type CreateArrayOptions, createArraySync, init, slice, type ZarrArray } from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { runChange } from "../durability/kills_support.js";
import { builtSyncodec, Capture, fixtures, requireBuild, syncodec, temporaryDirectory } from "./support.js";

requireBuild();
beforeAll(() => init());
const directory = temporaryDirectory();

/** Without the time, which differs. */
const lines = (stdout: string): string[] => stdout.replace(/ in [0-9.]+ s\n$/, "").split("\n");

/** Flips a byte of a file; a negative offset counts from its end. */
function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  const position = offset < 0 ? bytes.length + offset : offset;
  bytes.writeUInt8(bytes.readUInt8(position) ^ 0xff, position);
  writeFileSync(path, bytes);
}

/** An array without missing chunks. */
function create(path: string, options: Partial<CreateArrayOptions>): ZarrArray<"uint16"> {
  const store = new LocalStore(path);
  const array = createArraySync(store, {
    shape: [8, 8],
    chunkShape: [4, 4],
    codecs: ["bytes", "crc32c"],
    subchunkWriteOrder: "lexicographic",
    ...options,
    dataType: "uint16",
  });
  array.setSync(
    null,
    Uint16Array.from({ length: array.shape.reduce((n, length) => n * length, 1) }, (_, i) => i + 1),
  );
  store.close();
  return array;
}

test.each(["family", "special", "hierarchy", "real/mni152.ome.zarr"])("%s is intact", async (name) => {
  const { status, stdout, stderr } = await syncodec("verify", join(fixtures, name));
  expect(lines(stdout)).toEqual([expect.stringMatching(/^\d+ arrays, \d+ chunks, 0 bad, [0-9.]+ (?:B|[KM]iB)$/)]);
  expect([status, stderr]).toEqual([0, ""]);
});

describe("chunks", () => {
  test("every bad one is named, with its key", async () => {
    const path = join(directory, "chunks");
    create(path, {});
    flip(join(path, "c/0/1"), 3);
    writeFileSync(join(path, "c/1/0"), "");
    const { status, stdout } = await syncodec("verify", path);
    expect(status).toBe(1);
    const [first, second, summary, ...rest] = lines(stdout);
    expect(rest).toEqual([]);
    expect(first).toMatch(
      /^bad {2}\/c\/0\/1 {2}CHECKSUM_MISMATCH {2}Checksum does not match the data \(expected 0x\w{8}; found 0x\w{8}; codec crc32c\)$/,
    );
    expect(second).toMatch(/^bad {2}\/c\/1\/0 {2}CORRUPT_DATA {2}/);
    expect(summary).toBe("1 array, 4 chunks, 2 bad, 108 B");
  });

  test("as a program", () => {
    const path = join(directory, "program");
    create(path, {});
    flip(join(path, "c/0/1"), 3);
    const { status, stdout, stderr } = builtSyncodec("verify", path);
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toContain("bad  /c/0/1  CHECKSUM_MISMATCH");
  });
});

describe("shards", () => {
  const sharded = { chunkShape: [2, 2], shardShape: [4, 8] } as const;
  /** Bytes of an inner chunk: four elements and their checksum. */
  const slot = 12;

  test("every bad inner chunk is named", async () => {
    const path = join(directory, "shards");
    create(path, sharded);
    flip(join(path, "c/1/0"), 2 * slot);
    flip(join(path, "c/1/0"), 7 * slot + 11);
    const { status, stdout } = await syncodec("verify", path);
    expect(status).toBe(1);
    expect(lines(stdout)).toEqual([
      expect.stringMatching(
        /^bad {2}\/c\/1\/0 {2}inner chunk \[0, 2\] {2}CHECKSUM_MISMATCH {2}Checksum does not match/,
      ),
      expect.stringMatching(
        /^bad {2}\/c\/1\/0 {2}inner chunk \[1, 3\] {2}CHECKSUM_MISMATCH {2}Checksum does not match/,
      ),
      expect.stringMatching(/^1 array, 2 chunks, 1 bad \(2 inner chunks\), \d+ B$/),
    ]);
  });

  test("of different lengths", async () => {
    const path = join(directory, "rectilinear-shards");
    create(path, {
      chunkShape: [2, 2],
      shardGrid: [
        [2, 6],
        [4, 2, 6],
      ],
    });
    flip(join(path, "c/1/2"), 2 * slot);
    writeFileSync(join(path, "c/2"), "");
    writeFileSync(join(path, "c/1/3"), "");
    const { status, stdout } = await syncodec("verify", path);
    expect(status).toBe(1);
    expect(lines(stdout)).toEqual([
      "warning  /c/1/3  chunk outside of the array",
      "warning  /c/2  not a chunk key of this array",
      expect.stringMatching(/^bad {2}\/c\/1\/2 {2}inner chunk \[2, 0\] {2}CHECKSUM_MISMATCH {2}/),
      expect.stringMatching(/^1 array, 6 chunks, 1 bad \(1 inner chunk\), 2 warnings, /),
    ]);
  });

  test("a bad index is one finding", async () => {
    const path = join(directory, "index");
    create(path, sharded);
    flip(join(path, "c/0/0"), -1);
    const { status, stdout } = await syncodec("verify", path);
    expect(status).toBe(1);
    expect(lines(stdout)).toEqual([
      expect.stringMatching(/^bad {2}\/c\/0\/0 {2}CHECKSUM_MISMATCH {2}/),
      expect.stringMatching(/^1 array, 2 chunks, 1 bad, /),
    ]);
  });

  test.each(["start", "end"] as const)("a truncated one, index at %s", async (indexLocation) => {
    const path = join(directory, `truncated-${indexLocation}`);
    create(path, { ...sharded, indexLocation });
    const file = join(path, "c/0/0");
    truncateSync(file, readFileSync(file).length - slot - 1);
    const { status, stdout } = await syncodec("verify", path);
    expect(status).toBe(1);
    const bad = lines(stdout).filter((line) => line.startsWith("bad  /c/0/0  "));
    // With the index at the start it still says which inner chunks are lost.
    expect(bad).toEqual(
      indexLocation === "end"
        ? [expect.stringMatching(/^bad {2}\/c\/0\/0 {2}[A-Z_]+ {2}/)]
        : [
            expect.stringMatching(/^bad {2}\/c\/0\/0 {2}inner chunk \[1, 2\] {2}INVALID_SHARD_INDEX/),
            expect.stringMatching(/^bad {2}\/c\/0\/0 {2}inner chunk \[1, 3\] {2}INVALID_SHARD_INDEX/),
          ],
    );
  });

  test("behind another codec", async () => {
    const path = join(directory, "behind");
    const sharding = {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [2, 2],
        codecs: ["bytes", "crc32c"],
        index_codecs: ["bytes"],
        index_location: "start",
      },
    };
    create(path, { chunkShape: [8, 8], codecs: [sharding, { name: "gzip", configuration: { level: 0 } }] });
    // The data of an inner chunk after the gzip header; level 0 stores it as it is, and gzip's own checksum covers it.
    flip(join(path, "c/0/0"), 300);
    const { stdout } = await syncodec("verify", path);
    expect(lines(stdout)[0]).toMatch(/^bad {2}\/c\/0\/0 {2}CORRUPT_DATA {2}.*codec gzip/);
  });

  test("shards within shards: the innermost chunk is named", async () => {
    const path = join(directory, "nested");
    const shard = (chunkShape: number[], codecs: unknown[]) => ({
      name: "sharding_indexed",
      configuration: { chunk_shape: chunkShape, codecs, index_codecs: ["bytes", "crc32c"], index_location: "start" },
    });
    create(path, { shape: [16], chunkShape: [16], codecs: [shard([8], [shard([4], ["bytes", "crc32c"])])] });
    const file = join(path, "c/0");
    const last = readFileSync(file).length - 1;
    flip(file, last);
    const innerIndex = 2 * 16 + 4;
    // The nested index of the first inner chunk.
    flip(file, innerIndex);
    const { stdout } = await syncodec("verify", path);
    expect(lines(stdout)).toEqual([
      expect.stringMatching(/^bad {2}\/c\/0 {2}inner chunk \[0\] {2}CHECKSUM_MISMATCH/),
      expect.stringMatching(/^bad {2}\/c\/0 {2}inner chunk \[1\] \/ \[1\] {2}CHECKSUM_MISMATCH/),
      expect.stringMatching(/^1 array, 1 chunk, 1 bad \(2 inner chunks\), /),
    ]);
  });

  test("one that is too large to be read in one piece", async () => {
    const path = join(directory, "large");
    const length = 2 ** 28;
    const array = createArraySync(new LocalStore(path), {
      shape: [length],
      chunkShape: [2 ** 20],
      shardShape: [length],
      dataType: "uint16",
      compressors: ["gzip", "crc32c"],
    });
    array.setSync([slice(length - 5, length)], 7);
    array.setSync([slice(2 ** 27, 2 ** 27 + 5)], 7);
    const file = join(path, "c/0");
    expect((await syncodec("verify", path)).status).toBe(0);
    flip(file, 100);
    const { stdout } = await syncodec("verify", path);
    expect(lines(stdout)).toEqual([
      expect.stringMatching(/^bad {2}\/c\/0 {2}inner chunk \[(?:128|255)\] {2}CHECKSUM_MISMATCH/),
      expect.stringMatching(/^1 array, 1 chunk, 1 bad \(1 inner chunk\), /),
    ]);
  });

  test("whose axes were transposed", async () => {
    const path = join(directory, "transposed");
    const sharding = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [2, 4], codecs: ["bytes", "crc32c"], index_codecs: ["bytes", "crc32c"] },
    };
    const transpose = { name: "transpose", configuration: { order: [1, 0] } };
    create(path, { shape: [8, 4], chunkShape: [8, 4], codecs: [transpose, sharding] });
    flip(join(path, "c/0/0"), 3 * 20);
    const { stdout } = await syncodec("verify", path);
    expect(lines(stdout)[0]).toMatch(/^bad {2}\/c\/0\/0 {2}inner chunk \[1, 1\] {2}CHECKSUM_MISMATCH/);
  });
});

describe("hierarchies", () => {
  const path = join(directory, "hierarchy");
  cpSync(join(fixtures, "hierarchy"), path, { recursive: true });
  writeFileSync(join(path, "mask/zarr.json"), '{"zarr_format": 3, "node_type": "array"}');
  mkdirSync(join(path, "old"));
  writeFileSync(join(path, "old/.zarray"), "{}");
  writeFileSync(join(path, "raw/signal/c/04"), "");
  writeFileSync(join(path, "raw/signal/c/4"), "");
  flip(join(path, "raw/signal/c/2"), -1);

  test("unreadable members, stray keys and bad chunks", async () => {
    const { status, stdout } = await syncodec("verify", path);
    expect(status).toBe(1);
    expect(lines(stdout)).toEqual([
      expect.stringMatching(/^unreadable {2}\/mask {2}INVALID_METADATA {2}/),
      expect.stringMatching(/^unreadable {2}\/old {2}INVALID_METADATA {2}Invalid zarr_format in .zarray/),
      "warning  /raw/signal/c/04  not a chunk key of this array",
      "warning  /raw/signal/c/4  chunk outside of the array",
      expect.stringMatching(/^bad {2}\/raw\/signal\/c\/2 {2}CHECKSUM_MISMATCH/),
      expect.stringMatching(/^1 array, 4 chunks, 1 bad, 2 unreadable, 2 warnings, /),
    ]);
  });

  test("--json", async () => {
    const { status, stdout } = await syncodec("verify", path, "--json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      arrays: 1,
      chunks: 4,
      bad_chunks: 1,
      bad: [{ key: "/raw/signal/c/2", inner_chunk: [], code: "CHECKSUM_MISMATCH" }],
      unreadable: [{ path: "/mask" }, { path: "/old" }],
      warnings: [{ key: "/raw/signal/c/04" }, { key: "/raw/signal/c/4" }],
    });
  });

  test("stray keys alone are not bad", async () => {
    const own = join(directory, "strays");
    create(own, {});
    writeFileSync(join(own, "c/0/-1"), "");
    const { status, stdout } = await syncodec("verify", own);
    expect(status).toBe(0);
    expect(lines(stdout)).toEqual([
      "warning  /c/0/-1  not a chunk key of this array",
      expect.stringContaining("4 chunks, 0 bad, 1 warning"),
    ]);
  });
});

test("a terminal sees the progress, and it is taken away", async () => {
  const path = join(directory, "progress");
  create(path, {});
  const stdout = new Capture();
  const stderr = new Capture(true);
  expect(await run(["verify", path], { stdout, stderr })).toBe(0);
  const clearLine = "\r\x1b[K";
  const [before, drawn, after] = stderr.text.split(clearLine);
  expect([before, after]).toEqual(["", ""]);
  expect(drawn).toMatch(/^█{6}░{18} 25% {2}1 \/ 4 chunks {2}[0-9.]+ MB\/s$/);
  rmSync(path, { recursive: true });
});

describe("what killed writers have left", () => {
  const sharded = { chunkShape: [2, 2], shardShape: [4, 8], indexLocation: "end" } as const;
  const key = "/c/0/0";
  /** Bytes of an inner chunk: four elements and their checksum. */
  const slot = 12;

  /** Changes the first inner chunk, in a process that is killed before the call of that name that is number `nth` from the last. */
  function killIn(path: string, name: string, nth: number): Uint8Array {
    const value = readFileSync(path + key);
    const bytes = new LocalStore(path).getSync("/c/1/0")!.slice(0, slot);
    const change = { kind: "patch", patch: { writes: [{ offset: 0, bytes }] } } as const;
    // The same in a copy says where that call is.
    const copy = `${path}.copy`;
    cpSync(path, copy, { recursive: true });
    const { calls } = runChange(copy, key, change);
    const at = calls.filter((call) => call === name).length + nth;
    expect(runChange(path, key, change, { plan: { at, only: name } }).wasKilled).toBe(true);
    value.set(bytes);
    return value;
  }

  const content = (path: string): string[] => readdirSync(path, { recursive: true, encoding: "utf8" }).sort();

  test("is a warning, and stays; reads see through it", async () => {
    const path = join(directory, "left");
    create(path, sharded);
    killIn(path, "writeSync", -2);
    const before = content(path);
    const { status, stdout } = await syncodec("verify", path);
    expect(lines(stdout)).toEqual([
      "warning  /c/0/0  a change was cut; the next write, or --repair, clears up __0.journal, __0.lock",
      expect.stringMatching(/^1 array, 2 chunks, 0 bad, 1 warning, /),
    ]);
    expect(status).toBe(0);
    const { warnings } = JSON.parse((await syncodec("verify", "--json", path)).stdout);
    expect(warnings).toMatchObject([{ key }]);
    expect(content(path)).toEqual(before);
  });

  test("a change that was cut is finished", async () => {
    const path = join(directory, "finish");
    create(path, sharded);
    const after = killIn(path, "writeSync", -2);
    const { status, stdout } = await syncodec("verify", "--repair", path);
    expect(lines(stdout)).toEqual([
      "repaired  /c/0/0  finished a change, removed 1 file of a dead writer",
      expect.stringMatching(/^1 array, 2 chunks, 0 bad, 1 repaired, /),
    ]);
    expect(status).toBe(0);
    expect(readFileSync(path + key)).toEqual(after);
    expect(content(path).filter((name) => name.includes("__"))).toEqual([]);
    expect(lines((await syncodec("verify", "--repair", path)).stdout)).toEqual([
      expect.stringMatching(/^1 array, 2 chunks, 0 bad, 0 repaired, /),
    ]);
  });

  test("one that never began leaves files, which are removed", async () => {
    const path = join(directory, "sweep");
    create(path, sharded);
    killIn(path, "renameSync", -1);
    expect(lines((await syncodec("verify", path)).stdout)[0]).toMatch(
      /^warning {2}\/c\/0\/0 {2}a writer died here; .* clears up __0\.[\w-]+\.tmp, __0\.lock$/,
    );
    const { repaired } = JSON.parse((await syncodec("verify", "--repair", "--json", path)).stdout);
    expect(repaired).toEqual([
      { key, change: "nothing to do", removed: [expect.stringMatching(/^__0\.[\w-]+\.tmp$/), "__0.lock"] },
    ]);
    expect(content(path).filter((name) => name.includes("__"))).toEqual([]);
  });

  test("what a living writer holds is left to it", async () => {
    const path = join(directory, "living");
    create(path, sharded);
    const release = new LocalStore(path).lockSync(key);
    for (const option of [[], ["--repair"]]) {
      const { status, stdout } = await syncodec("verify", ...option, path);
      expect([status, lines(stdout).length]).toEqual([0, 1]);
    }
    expect(existsSync(join(path, "c/0/__0.lock"))).toBe(true);
    release();
  });

  describe("with a foreign change on top of it", () => {
    /** A shard that was being changed when another program replaced it by a longer one. */
    function conflict(name: string): { path: string; other: Uint8Array } {
      const path = join(directory, name);
      create(path, sharded);
      killIn(path, "writeSync", -2);
      const other = Buffer.concat([readFileSync(path + key), Uint8Array.of(1, 2, 3)]);
      writeFileSync(path + key, other);
      return { path, other };
    }

    test("stays a conflict, which names both files", async () => {
      const { path, other } = conflict("conflict");
      const before = content(path);
      const plain = await syncodec("verify", path);
      expect(plain.status).toBe(1);
      expect(plain.stdout).toMatch(/^bad {2}\/c\/0\/0 {2}JOURNAL_CONFLICT/m);
      expect(content(path)).toEqual(before);
      const { status, stdout } = await syncodec("verify", "--repair", path);
      expect(status).toBe(1);
      const [line] = lines(stdout);
      expect(line).toMatch(/^not repaired {2}\/c\/0\/0 {2}JOURNAL_CONFLICT {2}/);
      expect(line).toContain(join(path, "c/0/0"));
      expect(line).toContain(join(path, "c/0/__0.journal"));
      const document = JSON.parse((await syncodec("verify", "--repair", "--json", path)).stdout);
      expect(document.not_repaired).toMatchObject([{ key, code: "JOURNAL_CONFLICT" }]);
      expect(readFileSync(path + key)).toEqual(other);
    });

    test("--keep=file keeps the file", async () => {
      const { path, other } = conflict("keep-file");
      const { status, stdout } = await syncodec("verify", "--repair", "--keep=file", path);
      expect(lines(stdout)[0]).toBe(
        "repaired  /c/0/0  kept the file and dropped the change of the journal, removed 1 file of a dead writer",
      );
      // The index is not where it was.
      expect(status).toBe(1);
      expect(readFileSync(path + key)).toEqual(other);
    });

    test("--keep=journal finishes the change", async () => {
      const { path } = conflict("keep-journal");
      const wanted = new LocalStore(path).getSync("/c/1/0")!.slice(0, slot);
      const { status, stdout } = await syncodec("verify", "--repair", "--keep=journal", path);
      expect(lines(stdout)[0]).toContain("finished a change");
      expect(status).toBe(0);
      expect(readFileSync(path + key).subarray(0, slot)).toEqual(Buffer.from(wanted));
    });
  });

  test.each(["file", "journal"])("--keep=%s is about conflicts alone", async (keep) => {
    const path = join(directory, `keep-${keep}-alone`);
    create(path, sharded);
    const after = killIn(path, "writeSync", -2);
    expect(lines((await syncodec("verify", "--repair", `--keep=${keep}`, path)).stdout)[0]).toContain(
      "finished a change",
    );
    expect(readFileSync(path + key)).toEqual(after);
  });

  test.each([
    [["--keep=file"], "Option '--keep' goes with '--repair'"],
    [["--repair", "--keep=both"], "Option '--keep' must be file or journal, not both"],
  ])("%j is refused", async (options, message) => {
    const { status, stderr } = await syncodec("verify", ...options, directory);
    expect([status, stderr]).toEqual([2, `syncodec: ${message}. Try: syncodec verify --help\n`]);
  });
});
