/**
 * What the suite holds syncodec to. A target lists rows: the cases, as a pattern of their ids, whose `ours` takes at most 1 / `atLeast` of the
 * time of its `peer`; or compares two figures otherwise. Without `ours` it is the case's first contestant.
 */

/** `ours` is `atLeast` times as fast as `peer` in every case that matches. */
const ratio = (cases, peer, atLeast, ours) => ({ kind: "ratio", cases, peer, atLeast, ours });
/** `ours` has no more of `metric` than `peer`. */
const noMore = (cases, metric, peer, ours) => ({ kind: "noMore", cases, metric, peer, ours });

export const targets = [
  {
    id: "crc32c",
    text: "crc32c in linear memory, 64 KiB to 1 MiB: ≥ 1.7× sse4_crc32; 1 KiB: ≥ 0.9×",
    rows: [ratio(/^K\.crc32c\.(64KiB|1MiB)$/, "sse4_crc32", 1.7), ratio(/^K\.crc32c\.1KiB$/, "sse4_crc32", 0.9)],
  },
  {
    id: "byteswap",
    text: "byteswap of 2 and 4 bytes in linear memory, 64 KiB to 1 MiB: ≥ 0.6× memory.copy",
    rows: [ratio(/^K\.byteswap[24]\.(64KiB|1MiB)$/, "memory.copy", 0.6)],
  },
  {
    id: "read-chunks",
    text: "read 1,000,000 uint8 into out, 1000 chunks, none / zstd / gzip: ≥ 20× / 1.5× / 20× zarrita",
    rows: [
      ratio(/^R\.chunks1000\.none\.memory$/, "zarrita", 20),
      ratio(/^R\.chunks1000\.zstd\.memory$/, "zarrita", 1.5),
      ratio(/^R\.chunks1000\.gzip\.memory$/, "zarrita", 20),
    ],
  },
  {
    id: "read-shard",
    text: "read into out, chunks of 100 in one shard, none / zstd / gzip: ≥ 400× / 20× / 100× zarrita",
    rows: [
      ratio(/^R\.shard1\.none\.memory$/, "zarrita", 400),
      ratio(/^R\.shard1\.zstd\.memory$/, "zarrita", 20),
      ratio(/^R\.shard1\.gzip\.memory$/, "zarrita", 100),
    ],
  },
  {
    id: "read-files",
    text: "the same two from files, none: ≥ 10× / 1000× zarrita",
    rows: [ratio(/^R\.chunks1000\.none\.local$/, "zarrita", 10), ratio(/^R\.shard1\.none\.local$/, "zarrita", 1000)],
  },
  {
    id: "write",
    text: "write 1000 chunks, memory, none / zstd: ≥ 8× / 1.3×; to files under new names / overwriting: ≥ 2.5× / 0.45× zarrita",
    rows: [
      ratio(/^W\.chunks1000\.none\.memory$/, "zarrita", 8),
      ratio(/^W\.chunks1000\.zstd\.memory$/, "zarrita", 1.3),
      ratio(/^W\.chunks1000\.none\.local$/, "zarrita", 2.5),
      ratio(/^W\.over\.chunks1000\.none\.local$/, "zarrita", 0.45),
    ],
  },
  {
    id: "selections",
    text: "case S, memory: ≥ 5× zarrita on every row; sharded :10 and (0,0,0): ≥ 2×; with get latency: ≥ 0.95× and no more requests",
    rows: [
      ratio(/^S\.memory\.(chunks\.|shards\.(?!(:10|\(0,0,0\))$))/, "zarrita", 5),
      ratio(/^S\.memory\.shards\.(:10|\(0,0,0\))$/, "zarrita", 2),
      ratio(/^S\.latency\./, "zarrita", 0.95),
      noMore(/^S\.latency\./, "requests", "zarrita"),
    ],
  },
  {
    id: "tiny-inner-chunks",
    text: "case M, index cached: ≥ 5× zarrita; index not kept: at most 1.5 times the copying and checksumming of the index",
    rows: [
      ratio(/^M\.(read|element)\..*\.cached$/, "zarrita", 5),
      ratio(/^M\.element\..*\.cold$/, "index copied and checksummed", 1 / 1.5),
    ],
  },
  {
    id: "zarr-python",
    text: "cases W, R, S, M, L against the faster of zarr-python's pipelines: faster on every row; ≥ 20× for memory reads, none and zstd, chunks ≤ 1000 elements",
    rows: [
      ratio(
        /^(R\.(?!.*\.(none|zstd)\.memory$)|W\.|L\.|M\.write|S\.latency(?!.*\.fresh$))/,
        "zarr-python",
        1,
        "syncodec",
      ),
      ratio(/^(R\..*\.(none|zstd)\.memory$|S\.memory|M\.(read|element))/, "zarr-python", 20, "syncodec"),
    ],
  },
  {
    id: "memcpy",
    text: "read 100 MB uncompressed in chunks of 100,000 into out: ≥ 0.8× memcpy of the same bytes",
    rows: [ratio(/^G\.size\.100000000$/, "memcpy", 0.8)],
  },
  {
    id: "inner-crc32c",
    text: "sharded bytes + crc32c read, 100 MB, inner 64 KiB, against the same without: memory / files / new result: ≥ 0.4× / 0.5× / 0.6×",
    rows: [
      ratio(/^G\.crc32c\.memory$/, "syncodec without crc32c", 0.4),
      ratio(/^G\.crc32c\.local$/, "syncodec without crc32c", 0.5),
      ratio(/^G\.crc32c\.newResult$/, "syncodec without crc32c", 0.6),
    ],
  },
  {
    id: "zstd-backend",
    text: "zstd read into out, chunks ≥ 64 KB, one thread: ≥ 0.93× the bare backend's decode rate",
    rows: [ratio(/^G\.zstd\./, "bare backend", 0.93)],
  },
  {
    id: "workers",
    text: "two threads, gzip or zstd, chunks ≥ 256 KB, also one single shard: ≥ 1.6× one",
    rows: [ratio(/^G\.workers\./, "syncodec one thread", 1.6, "syncodec two threads")],
  },
  {
    id: "volume",
    text: "case E by inner chunk, one thread, files: ≥ 1× tensorstore, ≥ 0.5× zarrs",
    rows: [ratio(/^E\.chunks$/, "tensorstore", 1), ratio(/^E\.chunks$/, "zarrs", 0.5)],
  },
  {
    id: "patch",
    text: "one 64 KiB slot patched, handle and index cached: 4096 MiB shard against 1 MiB shard: ≤ 2× time, equal bytes written",
    rows: [
      ratio(/^P\.slot\.cached$/, "syncodec 1 MiB", 0.5, "syncodec 4096 MiB"),
      noMore(/^P\.slot\.cached$/, "bytesWritten", "syncodec 1 MiB", "syncodec 4096 MiB"),
    ],
  },
  {
    id: "growth",
    text: "chunks of 100 KB, none: time ÷ memcpy of the same size from 10⁶ to 10⁸ elements: within 25 %",
    rows: [{ kind: "spread", cases: /^G\.size\./, peer: "memcpy", atMost: 1.25 }],
  },
];
