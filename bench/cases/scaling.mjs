/** G: what the work is held against: the bare operation, the same work in another size, with other chunks, more threads or no checksum. */

import { compressors } from "./array_case.mjs";
import { expectEqual, generate } from "./data.mjs";
import { withPlaces } from "./places.mjs";

/** An array of uint8 in a new place, with elements in it. */
async function filled(host, kind, data, options) {
  const place = await host.open(kind);
  host.syncodec
    .createArraySync(place.content, { shape: [data.length], dataType: "uint8", writeEmptyChunks: true, ...options })
    .setSync(null, data);
  return place;
}

/** A contestant that reads an array into `out`. */
function readsInto(name, array, out, data) {
  const run = () => array.getSync(null, { out });
  return {
    name,
    run,
    verify() {
      out.fill(0);
      run();
      expectEqual(out, data, name);
    },
  };
}

function readsNew(name, array, data) {
  return { name, run: () => array.getSync(), verify: () => expectEqual(array.getSync().data, data, name) };
}

function memcpy(out, data) {
  return {
    name: "memcpy",
    run: () => out.set(data),
    verify() {
      out.fill(0);
      out.set(data);
      expectEqual(out, data, "memcpy");
    },
  };
}

async function readsByZarrita(host, place, data) {
  const { module: zarrita, reason } = host.peer("zarrita");
  if (zarrita === undefined) return { missing: [{ name: "zarrita", reason }] };
  const array = await zarrita.open.v3(zarrita.root(place.peerStore), { kind: "array" });
  const run = () => zarrita.get(array);
  const verify = async () => expectEqual((await run()).data, data, "zarrita");
  return { contestants: [{ name: "zarrita", run, verify }] };
}

/** A case in group G. `make` gives places, contestants and what is missing. */
const scalingCase = (id, title, bytes, make, more = {}) => ({
  id,
  group: "G",
  title,
  bytes,
  store: "memory",
  quick: false,
  ...more,
  open: (host) => withPlaces((keep) => make(host, keep)),
});

const sine = (host, length) => host.remember(`sine uint8 ${length}`, () => generate("sine", [length], "uint8"));

function sizeCase(length, chunk) {
  const title = `read ${length.toLocaleString("en")} uint8 into out, chunks of ${chunk.toLocaleString("en")}, none, memory`;
  return scalingCase(
    `G.size.${length}`,
    title,
    length,
    async (host, keep) => {
      const data = sine(host, length);
      const place = await keep(filled(host, "memory", data, { chunkShape: [chunk] }));
      const out = new Uint8Array(length);
      const array = host.syncodec.openArraySync(place.store);
      const peer = await readsByZarrita(host, place, data);
      return {
        contestants: [readsInto("syncodec into out", array, out, data), memcpy(out, data), ...(peer.contestants ?? [])],
        missing: peer.missing ?? [],
      };
    },
    { quick: length < 10 ** 8 },
  );
}

function chunkSizeCase(codec, chunk, length) {
  const title = `read ${length.toLocaleString("en")} uint8 into out, chunks of ${chunk.toLocaleString("en")}, ${codec}, memory`;
  return scalingCase(`G.chunk.${codec}.${chunk}`, title, length, async (host, keep) => {
    const data = sine(host, length);
    const options = { chunkShape: [chunk], compressors: compressors[codec] };
    const place = await keep(filled(host, "memory", data, options));
    const out = new Uint8Array(length);
    const array = host.syncodec.openArraySync(place.store);
    const peer = await readsByZarrita(host, place, data);
    const contestants = [readsInto("syncodec into out", array, out, data), ...(peer.contestants ?? [])];
    if (codec === "none") contestants.push(memcpy(out, data));
    return { contestants, missing: peer.missing ?? [] };
  });
}

/** Inner checksums against none: an array in shards of 200 inner chunks. */
function checksumCase(variant, inner, shards) {
  const kind = variant === "local" ? "local" : "memory";
  const length = inner * 200 * shards;
  const into = variant === "newResult" ? "new result, memory" : `into out, ${kind === "local" ? "files" : "memory"}`;
  return scalingCase(
    `G.crc32c.${variant}`,
    `read ${length.toLocaleString("en")} uint8 in inner chunks of ${inner.toLocaleString("en")} with crc32c, ${into}`,
    length,
    async (host, keep) => {
      const data = sine(host, length);
      const contestants = [];
      for (const [name, codec] of [
        ["syncodec", "crc32c"],
        ["syncodec without crc32c", "none"],
      ]) {
        const layout = { chunkShape: [inner], shardShape: [inner * 200], compressors: compressors[codec] };
        const place = await keep(filled(host, kind, data, layout));
        const array = host.syncodec.openArraySync(place.store);
        const out = new Uint8Array(length);
        contestants.push(variant === "newResult" ? readsNew(name, array, data) : readsInto(name, array, out, data));
      }
      return { contestants: [...contestants, memcpy(new Uint8Array(length), data)] };
    },
    { store: kind },
  );
}

/** The decoder that syncodec uses here, called as well as it can be: its context is made once. */
function bareZstd(host) {
  const native = host.peer("node:zlib zstd").module;
  if (native !== undefined) return (frame, size) => native.zstdDecompressSync(frame, { maxOutputLength: size });
  const { module: library } = host.peer("@bokuweb/zstd-wasm");
  if (library === undefined) return undefined;
  const context = library.createDCtx();
  const none = new Uint8Array(0);
  return (frame, size) => library.decompressUsingDict(context, frame, none, { defaultHeapSize: size });
}

function zstdCase(label, chunk, length) {
  const title = `read ${length.toLocaleString("en")} uint8 into out, chunks of ${label}, zstd, memory, one thread`;
  return scalingCase(`G.zstd.${label}`, title, length, async (host, keep) => {
    const data = sine(host, length);
    const place = await keep(filled(host, "memory", data, { chunkShape: [chunk], compressors: compressors.zstd }));
    const out = new Uint8Array(length);
    const array = host.syncodec.openArraySync(place.store, { maxWorkers: 0 });
    const contestants = [readsInto("syncodec into out", array, out, data)];
    const decode = bareZstd(host);
    if (decode === undefined) return { contestants, missing: [{ name: "bare backend", reason: "no zstd library" }] };
    const frames = Array.from({ length: length / chunk }, (_, i) => place.content.getSync(`/c/${i}`));
    contestants.push({
      name: "bare backend",
      run() {
        for (const frame of frames) decode(frame, chunk);
      },
      verify() {
        for (const [i, frame] of frames.entries())
          expectEqual(decode(frame, chunk), data.subarray(i * chunk, (i + 1) * chunk), "bare backend");
      },
    });
    return { contestants };
  });
}

const threadNames = ["one thread", "two threads"];

/** The same work on the calling thread, and with a worker beside it. */
function workerCase(direction, codec, label, length, layout) {
  const isRead = direction === "read";
  const title = `${direction} ${length.toLocaleString("en")} uint8, ${codec}, ${label}, memory`;
  return scalingCase(
    `G.workers.${direction}.${codec}.${label.replaceAll(" ", "-")}`,
    title,
    length,
    async (host, keep) => {
      const { syncodec } = host;
      const { reason } = host.workers;
      if (reason !== undefined) {
        return { contestants: [], missing: threadNames.map((name) => ({ name: `syncodec ${name}`, reason })) };
      }
      const data = sine(host, length);
      const contestants = [];
      for (const [others, name] of threadNames.entries()) {
        const place = await keep(filled(host, "memory", data, { ...layout, compressors: compressors[codec] }));
        const array = syncodec.openArraySync(place.store, { maxWorkers: others + 1 });
        const title = `syncodec ${name}`;
        const contestant = isRead
          ? readsInto(title, array, new Uint8Array(length), data)
          : {
              name: title,
              run: () => array.setSync(null, data),
              verify: () => expectEqual(syncodec.openArraySync(place.store).getSync().data, data, title),
            };
        contestants.push({
          ...contestant,
          async verify() {
            // Workers start while nobody waits for them.
            contestant.run();
            await host.pause(300);
            contestant.run();
            contestant.verify();
          },
        });
      }
      return { contestants };
    },
    { needsWorkers: true },
  );
}

export function scalingCases(isTiny) {
  const scale = isTiny ? 1000 : 1;
  const MiB = 2 ** 20 / (isTiny ? 1024 : 1);
  const chunkSizes = isTiny ? [256, 4096] : [256, 1024, 4096, 16384, 65536, 262144, 1048576];
  const workers = [];
  for (const direction of ["read", "write"]) {
    for (const codec of ["gzip", "zstd"]) {
      workers.push(
        workerCase(direction, codec, "chunks of 256 KiB", 16 * MiB, { chunkShape: [MiB / 4] }),
        workerCase(direction, codec, "chunks of 1 MiB", 16 * MiB, { chunkShape: [MiB] }),
        workerCase(direction, codec, "one shard", 16 * MiB, { chunkShape: [MiB / 4], shardShape: [16 * MiB] }),
      );
    }
  }
  return [
    ...[10 ** 6, 10 ** 7, 10 ** 8].map((length) => sizeCase(length / scale, 100_000 / scale)),
    ...["none", "zstd", "gzip"].flatMap((codec) =>
      chunkSizes
        .filter((chunk) => codec !== "gzip" || chunk >= 1024)
        .map((chunk) => chunkSizeCase(codec, chunk, 4 * MiB)),
    ),
    ...["memory", "local", "newResult"].map((variant) => checksumCase(variant, MiB / 16, 8)),
    zstdCase("64KiB", MiB / 16, 16 * MiB),
    zstdCase("256KiB", MiB / 4, 16 * MiB),
    zstdCase("1MiB", MiB, 16 * MiB),
    ...workers,
  ];
}
