/**
 * P: one inner chunk of 64 KiB in shards of 1 to 4096 MiB, uncompressed with crc32c, in files: what it costs to write, and how many bytes go
 * to and from the store; and what a write costs that survives a kill, or a loss of power.
 */

import { arrayCase } from "./array_case.mjs";
import { expectEqual } from "./data.mjs";
import { withPlaces } from "./places.mjs";

const checksumSize = 4;

/** Counts the bytes that go through a store that patches. */
function countBytes(store) {
  const count = { bytesRead: 0, bytesWritten: 0 };
  const read = (bytes) => {
    count.bytesRead += bytes?.byteLength ?? 0;
    return bytes;
  };
  return {
    count,
    store: {
      getSync: (key, range) => read(store.getSync(key, range)),
      setSync(key, value) {
        count.bytesWritten += value.byteLength;
        store.setSync(key, value);
      },
      deleteSync: (key) => store.deleteSync(key),
      patchSync(key, patch) {
        for (const { bytes } of patch.writes) count.bytesWritten += bytes.byteLength;
        store.patchSync(key, patch);
      },
      openSync(key) {
        const value = store.openSync(key);
        return value && { ...value, read: (range) => read(value.read(range)) };
      },
    },
  };
}

/** A shard of `slots` inner chunks as a fresh one is laid out, in a file that takes no space on the disk but for its index. */
async function sparseShard(host, slot, slots, durability = "process") {
  const { syncodec } = host;
  const place = await host.open("local", { durability });
  syncodec.createArraySync(place.store, {
    shape: [slots * slot],
    shardShape: [slots * slot],
    chunkShape: [slot],
    dataType: "uint8",
    compressors: ["crc32c"],
  });
  const length = slot + checksumSize;
  const index = new BigUint64Array(slots * 2);
  for (let i = 0; i < slots; i++) {
    index[i * 2] = BigInt(i * length);
    index[i * 2 + 1] = BigInt(length);
  }
  const bytes = new Uint8Array(index.byteLength + checksumSize);
  bytes.set(new Uint8Array(index.buffer));
  new DataView(bytes.buffer).setUint32(index.byteLength, syncodec.crc32c(new Uint8Array(index.buffer)), true);
  place.writeSparse("/c/0", slots * length, bytes);
  return place;
}

/** Slots that calls take in turn, spread over the shard. */
const slotOf = (call, slots) => ((call % 50) * 7919) % slots;

const operations = {
  slot: {
    title: "write one inner chunk",
    run: (array, start, slot, value, { slice }) => array.setSync([slice(start, start + slot)], value),
  },
  element: {
    title: "write one element",
    run: (array, start, slot, value) => array.setSync([start + (slot >> 1)], value[slot >> 1]),
  },
  read: {
    title: "read one inner chunk",
    run: (array, start, slot, _value, { slice }) => array.getSync([slice(start, start + slot)]),
  },
};

function sparseCase(operation, isCold, slot, slotCounts) {
  const { title, run } = operations[operation];
  return {
    id: `P.${operation}.${isCold ? "cold" : "cached"}`,
    group: "P",
    store: "local",
    title: `${title} of ${slot / 1024} KiB, files, index ${isCold ? "not kept" : "cached"}`,
    bytes: operation === "element" ? 1 : slot,
    quick: operation === "slot",
    async open(host) {
      const { syncodec } = host;
      const value = Uint8Array.from({ length: slot }, (_, i) => (i % 250) + 1);
      return withPlaces(async (keep) => {
        const contestants = [];
        for (const [label, slots] of slotCounts) {
          const place = await keep(sparseShard(host, slot, slots));
          const options = isCold ? { indexCacheBytes: 0 } : {};
          const array = syncodec.openArraySync(place.store, options);
          // The checksums of a sparse slot are wrong until it has been written.
          for (let call = 0; call < 50; call++) {
            const start = slotOf(call, slots) * slot;
            array.setSync([syncodec.slice(start, start + slot)], value);
          }
          let calls = 0;
          contestants.push({
            name: `syncodec ${label}`,
            run: () => run(array, slotOf(calls++, slots) * slot, slot, value, syncodec),
            verify() {
              const { count, store } = countBytes(place.store);
              const counted = syncodec.openArraySync(store, options);
              const start = slotOf(7, slots) * slot;
              // The first call finds the index, the second one is what counts.
              run(counted, start, slot, value, syncodec);
              Object.assign(count, { bytesRead: 0, bytesWritten: 0 });
              run(counted, start, slot, value, syncodec);
              const counts = { ...count };
              expectEqual(array.getSync([syncodec.slice(start, start + slot)]).data, value, label);
              return counts;
            },
          });
        }
        return { contestants };
      });
    },
  };
}

/** A write of one inner chunk with each durability, and by rewriting the shard. Counts all bytes that are written to files, journals too. */
function durabilityCase(label, slot, slots) {
  return {
    id: `P.durability.${label}`,
    group: "P",
    store: "local",
    title: `write one inner chunk of ${slot / 1024} KiB into a shard of ${label}, files, by what it survives`,
    bytes: slot,
    async open(host) {
      const { syncodec } = host;
      const value = Uint8Array.from({ length: slot }, (_, i) => (i % 250) + 1);
      const ways = [
        ["syncodec none", "none", true],
        ["syncodec process", "process", true],
        ["syncodec power", "power", true],
        ["syncodec rewrite", "process", false],
      ];
      return withPlaces(async (keep) => {
        const contestants = [];
        for (const [name, durability, patch] of ways) {
          const place = await keep(sparseShard(host, slot, slots, durability));
          const array = syncodec.openArraySync(place.store, { patch });
          // All of the shard is written once: a rewrite checks what it keeps.
          syncodec.openArraySync(place.store).setSync(null, 1);
          let calls = 0;
          const write = () => {
            const start = slotOf(calls++, slots) * slot;
            array.setSync([syncodec.slice(start, start + slot)], value);
          };
          contestants.push({
            name,
            run: write,
            verify() {
              write();
              const before = host.writtenBytes();
              const start = slotOf(calls, slots) * slot;
              write();
              const bytesWritten = host.writtenBytes() - before;
              expectEqual(array.getSync([syncodec.slice(start, start + slot)]).data, value, name);
              return { bytesRead: 0, bytesWritten };
            },
          });
        }
        return { contestants };
      });
    },
  };
}

/** The same write by engines that may have to write the shard anew. */
function rewriteCase(label, slot, slots) {
  return arrayCase({
    id: `P.peers.${label}`,
    group: "P",
    title: `write one inner chunk of ${slot / 1024} KiB into a shard of ${label}, files`,
    operation: "write",
    array: {
      shape: [slots * slot],
      shardShape: [slots * slot],
      chunkShape: [slot],
      dataType: "uint8",
      codec: "crc32c",
    },
    data: "sine",
    store: "local",
    selection: [[0, slot, 1]],
    peers: ["zarrita", "zarr-python batched", "zarr-python fused", "zarrs", "tensorstore"],
  });
}

export function patchCases(isTiny) {
  const slot = isTiny ? 64 : 65536;
  const slots = (mebibytes) => (isTiny ? Math.ceil(mebibytes / 16) + 1 : mebibytes * 16);
  const counts = [1, 16, 256, 4096].map((mebibytes) => [`${mebibytes} MiB`, slots(mebibytes)]);
  return [
    ...Object.keys(operations).flatMap((operation) =>
      [false, true].map((isCold) => sparseCase(operation, isCold, slot, counts)),
    ),
    ...[1, 16, 256].map((mebibytes) => durabilityCase(`${mebibytes}MiB`, slot, slots(mebibytes))),
    ...[1, 16, 256].map((mebibytes) => rewriteCase(`${mebibytes}MiB`, slot, slots(mebibytes))),
  ];
}
