/** The same reads by syncodec and by zarrita, on the same stores, alternating in one process; every result is checked before it is timed. */
import { join } from "node:path";
import { FileSystemStore } from "@zarrita/storage";
import { createArraySync, openArraySync } from "syncodec";
import { LocalStore } from "syncodec/node";
import * as zarrita from "zarrita";
import { RangeMap } from "./range_map.mjs";

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

async function time(body) {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/** 1,000,000 uint8: a sine of period 256, amplitude 50, offset 128, with noise of ±1. */
function semiRandom() {
  let seed = 1;
  return Uint8Array.from({ length: 1_000_000 }, (_, i) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return 128 + 50 * Math.sin((2 * Math.PI * i) / 256) + ((seed >> 16) % 3) - 1;
  });
}

async function measure(name, bytes, ours, theirs) {
  const [a, b] = [await ours(), await theirs()];
  if (
    Buffer.compare(
      Buffer.from(a.buffer, a.byteOffset, a.byteLength),
      Buffer.from(b.buffer, b.byteOffset, b.byteLength),
    ) !== 0
  ) {
    throw new Error(`${name}: syncodec and zarrita disagree`);
  }
  // Warm up: the engine compiles what runs often.
  for (let i = 0, start = performance.now(); i < 20 && performance.now() - start < 1000; i++) {
    await ours();
    await theirs();
  }
  const times = { ours: [], theirs: [] };
  // Alternate; 15 repetitions, or as many as fit in 4 s, at least 3.
  for (let i = 0, spent = 0; i < 15 && (i < 3 || spent < 4000); i++) {
    times.ours.push(await time(ours));
    times.theirs.push(await time(theirs));
    spent += times.ours.at(-1) + times.theirs.at(-1);
  }
  const repetitions = times.ours.length;
  const [mine, peer] = [median(times.ours), median(times.theirs)];
  const rate = (ms) => `${(bytes / 1e3 / ms).toFixed(0)} MB/s`;
  return {
    name,
    syncodec: `${mine.toFixed(2)} ms`,
    "": rate(mine),
    zarrita: `${peer.toFixed(2)} ms`,
    " ": rate(peer),
    ratio: `${(peer / mine).toFixed(1)}×`,
    n: repetitions,
  };
}

function print(rows) {
  const columns = Object.keys(rows[0]);
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => String(row[column]).length)));
  const line = (cells) =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join("  ");
  console.log(line(columns));
  console.log(line(widths.map((width) => "─".repeat(width))));
  for (const row of rows) console.log(line(columns.map((column) => row[column])));
}

/** Prints the table. `folder` holds the real volume; `target` is a scratch folder. */
export async function compare(folder, target, volume) {
  const rows = [];
  const level = await zarrita.open.v3(zarrita.root(new FileSystemStore(folder)).resolve("0"), { kind: "array" });
  rows.push(
    await measure(
      "MNI152 volume, files, zstd + crc32c: all",
      volume.getSync().data.byteLength,
      () => volume.getSync().data,
      async () => (await zarrita.get(level)).data,
    ),
  );
  rows.push(
    await measure(
      "MNI152 volume: one plane",
      233 * 197,
      () => volume.getSync([94, null, null]).data,
      async () => (await zarrita.get(level, [94, null, null])).data,
    ),
  );

  const data = semiRandom();
  const layouts = [
    ["1000 chunks of 1000", { chunkShape: [1000] }, ["none", "zstd", "gzip"]],
    ["chunks of 100 in one shard", { chunkShape: [100], shardShape: [1_000_000] }, ["none", "zstd", "gzip"]],
  ];
  for (const place of ["memory", "files"]) {
    for (const [shapeName, shapes, codecs] of layouts) {
      for (const codec of codecs) {
        const path = join(target, `${shapeName} ${codec}`);
        const memory = new RangeMap();
        const options = {
          shape: [1_000_000],
          ...shapes,
          dataType: "uint8",
          compressors: codec === "none" ? [] : [codec],
        };
        createArraySync(place === "memory" ? memory : new LocalStore(path), options).setSync(null, data);
        const array = openArraySync(place === "memory" ? memory : new LocalStore(path));
        const peer = await zarrita.open.v3(zarrita.root(place === "memory" ? memory : new FileSystemStore(path)), {
          kind: "array",
        });
        const name = `1,000,000 uint8 in ${place}, ${shapeName}, ${codec}`;
        rows.push(
          await measure(
            name,
            1_000_000,
            () => array.getSync().data,
            async () => (await zarrita.get(peer)).data,
          ),
        );
      }
    }
  }
  console.log(
    `Reads, median of n, alternating in one process (Node ${process.version}, zarrita 0.7.5, which verifies no checksum):\n`,
  );
  print(rows);
}
