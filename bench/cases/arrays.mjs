/** W, R, L, S, M and E: arrays in stores. */

import { arrayCase } from "./array_case.mjs";

const zarrPython = ["zarr-python batched", "zarr-python fused"];
const localPython = [...zarrPython, "zarrs", "tensorstore"];
const memoryPython = [...zarrPython, "tensorstore"];
const pythonFor = (store) => (store === "local" ? localPython : memoryPython);

/** W and R: uint8 in small chunks, `count` chunks or shards of 1000 elements. */
function smallChunks(count) {
  const length = count * 1000;
  const many = count.toLocaleString("en");
  const layouts = {
    chunks1000: { title: `${many} chunks of 1000`, chunkShape: [1000] },
    shards1000: { title: `${many} shards of one chunk of 1000`, chunkShape: [1000], shardShape: [1000] },
    shard1: { title: "chunks of 100 in one shard", chunkShape: [100], shardShape: [length] },
  };
  const cases = [];
  for (const [layout, { title, ...shapes }] of Object.entries(layouts)) {
    for (const codec of ["none", "gzip", "zstd"]) {
      for (const store of ["memory", "local"]) {
        const array = { shape: [length], ...shapes, dataType: "uint8", codec };
        const place = store === "memory" ? "memory" : "files";
        const about = `${length.toLocaleString("en")} uint8, ${title}, ${codec}, ${place}`;
        const common = { array, data: "sine", store, peers: ["zarrita", "fizarrita", ...pythonFor(store)] };
        const quick = layout !== "shards1000" && !(layout === "shard1" && codec === "gzip");
        cases.push({
          ...arrayCase({
            ...common,
            id: `R.${layout}.${codec}.${store}`,
            group: "R",
            title: `read ${about}`,
            operation: "read",
            out: true,
          }),
          quick,
        });
        const id = `${layout}.${codec}.${store}`;
        const writes = { ...common, group: "W", operation: "write", names: store === "local" ? "new" : "same" };
        cases.push(
          { ...arrayCase({ ...writes, id: `W.${id}`, title: `write ${about}` }), quick: quick && codec !== "gzip" },
          arrayCase({ ...writes, id: `W.ones.${id}`, title: `write 1 to ${about}`, data: "ones", value: 1 }),
        );
        if (store === "local" && layout === "chunks1000") {
          const overwrites = { ...writes, names: "same" };
          cases.push(arrayCase({ ...overwrites, id: `W.over.${id}`, title: `write ${about}, over what is there` }));
        }
      }
    }
  }
  return cases;
}

/** L: the same layouts with `count` chunks of 100,000 elements. */
function largeArrays(count, chunk) {
  const length = count * chunk;
  const size = chunk.toLocaleString("en");
  const layouts = {
    chunks: { title: `chunks of ${size}`, chunkShape: [chunk] },
    shards: { title: `shards of one chunk of ${size}`, chunkShape: [chunk], shardShape: [chunk] },
    shard1: { title: `chunks of ${size} in one shard`, chunkShape: [chunk], shardShape: [length] },
  };
  const cases = [];
  for (const [layout, { title, ...shapes }] of Object.entries(layouts)) {
    for (const codec of ["none", "zstd"]) {
      const array = { shape: [length], ...shapes, dataType: "uint8", codec };
      const about = `${length.toLocaleString("en")} uint8, ${title}, ${codec}, memory`;
      const common = {
        array,
        group: "L",
        data: "sine",
        store: "memory",
        peers: ["zarrita", "fizarrita", ...memoryPython],
      };
      cases.push(
        arrayCase({ ...common, id: `L.read.${layout}.${codec}`, title: `read ${about}`, operation: "read", out: true }),
        arrayCase({ ...common, id: `L.write.${layout}.${codec}`, title: `write ${about}`, operation: "write" }),
      );
    }
  }
  return cases;
}

/** S: selections of a cube; each applies to all axes if it has one part. */
function selections(side, chunk, shard) {
  const one = {
    "(0,0,0)": 0,
    all: null,
    "::4": [0, side, 4],
    ":10": [0, 10, 1],
    "10:-10:4": [10, side - 10, 4],
  };
  const parts = Object.entries(one).map(([name, part]) => [name, name === "all" ? null : [part, part, part]]);
  parts.push([":,0:3:2,:10", [null, [0, 3, 2], [0, 10, 1]]]);
  const layouts = {
    chunks: { title: `chunks ${chunk}³`, chunkShape: [chunk, chunk, chunk] },
    shards: {
      title: `chunks ${chunk}³ in shards ${shard}³`,
      chunkShape: [chunk, chunk, chunk],
      shardShape: [shard, shard, shard],
    },
  };
  const cases = [];
  for (const [layout, { title, ...shapes }] of Object.entries(layouts)) {
    for (const [name, selection] of parts) {
      const common = {
        group: "S",
        operation: "read",
        array: { shape: [side, side, side], ...shapes, dataType: "uint8", codec: "none" },
        data: "ramp",
        selection,
      };
      const about = `${name} of ${side}³ uint8, ${title}`;
      cases.push({
        ...arrayCase({
          ...common,
          id: `S.memory.${layout}.${name}`,
          title: `read ${about}, memory`,
          store: "memory",
          peers: ["zarrita", "fizarrita", ...memoryPython],
        }),
        quick: true,
      });
      for (const index of ["cached", "fresh"]) {
        cases.push(
          arrayCase({
            ...common,
            id: `S.latency.${layout}.${name}${index === "fresh" ? ".fresh" : ""}`,
            title: `read ${about}, 10 ms latency${index === "fresh" ? ", array just opened" : ""}`,
            store: "latency",
            index,
            // zarr-python takes seconds for some of these, and an array just opened is no different to it.
            peers: index === "fresh" ? ["zarrita"] : ["zarrita", ...zarrPython],
          }),
        );
      }
    }
  }
  return cases;
}

/** M: many tiny inner chunks, `[inner, shard]` sides. */
function tinyInnerChunks(readShapes, elementShapes) {
  const cases = [];
  const cube = (side) => [side, side, side];
  const arrayOf = ([inner, shard]) => ({
    shape: cube(shard),
    chunkShape: cube(inner),
    shardShape: cube(shard),
    dataType: "uint8",
    codec: "none",
  });
  for (const [inner, shard] of [...readShapes, ...elementShapes]) {
    const common = {
      group: "M",
      array: arrayOf([inner, shard]),
      data: "ramp",
      store: "memory",
      peers: ["zarrita", ...memoryPython],
    };
    const layout = `${inner}in${shard}`;
    const about = `inner chunks ${inner}³, shard ${shard}³, memory`;
    for (const index of ["cached", "cold"]) {
      const note = index === "cold" ? ", index not kept" : "";
      cases.push(
        arrayCase({
          ...common,
          id: `M.read.${layout}.${index}`,
          title: `read one shard, ${about}${note}`,
          operation: "read",
          index,
        }),
      );
      const selection = cube([0, inner, 1]);
      cases.push({
        ...arrayCase({
          ...common,
          id: `M.element.${layout}.${index}`,
          title: `read one inner chunk, ${about}${note}`,
          operation: "read",
          selection,
          index,
          floor: index === "cold",
        }),
        quick: shard === 32,
      });
      if (inner === 1) {
        cases.push(
          arrayCase({
            ...common,
            id: `M.write.${layout}.${index}`,
            title: `write one inner chunk, ${about}${note}`,
            operation: "write",
            selection,
            index,
            peers: ["zarrita", ...memoryPython],
          }),
        );
      }
    }
  }
  return cases;
}

/** E: a cube of uint16 in files, as it comes from a microscope. One thread each. */
function volume(side) {
  const cube = (length) => [length, length, length];
  const array = {
    shape: cube(side),
    chunkShape: cube(side / 8),
    shardShape: cube(side / 2),
    dataType: "uint16",
    codec: "zstd",
  };
  const common = { group: "E", array, data: "surface", store: "local", threads: 1 };
  const about = `${side}³ uint16, shards ${side / 2}³, inner chunks ${side / 8}³, zstd, files, one thread`;
  return [
    arrayCase({
      ...common,
      id: "E.read",
      title: `read all of ${about}`,
      operation: "read",
      out: true,
      peers: ["zarrita", ...localPython],
    }),
    arrayCase({
      ...common,
      id: "E.chunks",
      title: `read by inner chunk ${about}`,
      operation: "readChunks",
      peers: ["zarrita", ...localPython],
    }),
    arrayCase({
      ...common,
      id: "E.roundTrip",
      title: `read and write again ${about}`,
      operation: "roundTrip",
      peers: localPython,
    }),
  ];
}

export function arrayCases(isTiny) {
  return [
    ...smallChunks(isTiny ? 2 : 1000),
    ...(isTiny ? largeArrays(4, 1000) : largeArrays(1000, 100_000)),
    ...(isTiny ? selections(45, 5, 15) : selections(105, 10, 50)),
    ...(isTiny
      ? tinyInnerChunks([[2, 4]], [[1, 3]])
      : tinyInnerChunks(
          [
            [2, 16],
            [2, 32],
          ],
          [
            [1, 32],
            [1, 30],
            [1, 33],
          ],
        )),
    ...volume(isTiny ? 16 : 512),
  ];
}
