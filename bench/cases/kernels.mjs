/**
 * K: kernels alone. "In linear memory" means that the input lies there already and the output stays there: what a chunk costs between two
 * codecs. memory.copy and memcpy (a typed array's `set`) of as many bytes are the physical limit.
 */

import { bytesOf, expectEqual, generate } from "./data.mjs";

const sizes = { "16B": 16, "1KiB": 2 ** 10, "64KiB": 2 ** 16, "1MiB": 2 ** 20, "16MiB": 2 ** 24 };
const tinySizes = { "16B": 16, "1KiB": 2 ** 10 };

/**
 * A module that imports memory `e.m` and exports `f(dst, src, length)`, which is `memory.copy`:
 * https://webassembly.github.io/spec/core/binary/modules.html
 */
const copyModule = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 7, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0],
  ...[0x02, 8, 1, 1, 0x65, 1, 0x6d, 0x02, 0x00, 1],
  ...[0x03, 2, 1, 0],
  ...[0x07, 5, 1, 1, 0x66, 0x00, 0],
  ...[0x0a, 14, 1, 12, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0, 0, 0x0b],
);

/** Linear memory of one case: spans that live as long as it does. */
class Arena {
  #top;

  constructor(kernels) {
    this.kernels = kernels;
    this.#top = Math.ceil(kernels.heapBase / 16) * 16;
  }

  get bytes() {
    return new Uint8Array(this.kernels.memory.buffer);
  }

  allocate(byteLength) {
    const pointer = this.#top;
    this.#top += Math.ceil(byteLength / 16) * 16;
    const missing = this.#top - this.kernels.memory.buffer.byteLength;
    if (missing > 0) this.kernels.memory.grow(Math.ceil(missing / 65536));
    return { pointer, byteLength };
  }

  write(elements) {
    const bytes = bytesOf(elements);
    const span = this.allocate(bytes.byteLength);
    this.bytes.set(bytes, span.pointer);
    return span;
  }

  read({ pointer, byteLength }) {
    return this.bytes.slice(pointer, pointer + byteLength);
  }
}

/** Bytes of every value without a pattern. */
const randomBytes = (length) => generate("random", [length], "uint8");
/** Bytes that compress, as those of an image do. */
const smoothBytes = (length) => bytesOf(generate("smooth", [Math.ceil(length / 4)], "int32")).subarray(0, length);

function expectNumber(found, expected, what) {
  if (found !== expected) throw new Error(`${what} gave ${found}, ${expected} expected`);
}

/** A contestant whose call returns a number that is known. */
const returning = (name, run, expected) => ({
  name,
  run,
  verify: () => expectNumber(run() >>> 0, expected >>> 0, name),
});

/** A contestant that fills a span. */
const filling = (name, arena, dst, run, expected) => ({
  name,
  run,
  verify() {
    arena.bytes.fill(0x55, dst.pointer, dst.pointer + dst.byteLength);
    run();
    expectEqual(arena.read(dst).subarray(0, expected.byteLength), expected, name);
  },
});

function memoryCopy(arena, src, byteLength) {
  const dst = arena.allocate(byteLength);
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(copyModule), { e: { m: arena.kernels.memory } })
    .exports;
  const expected = arena.read({ pointer: src.pointer, byteLength });
  return filling("memory.copy", arena, dst, () => f(dst.pointer, src.pointer, byteLength), expected);
}

function memcpy(src) {
  const dst = new Uint8Array(src.byteLength);
  return {
    name: "memcpy",
    run: () => dst.set(src),
    verify() {
      dst.set(src);
      expectEqual(dst, src, "memcpy");
    },
  };
}

/** The obvious CRC, byte by byte from a table of the reflected polynomial. */
function tableCrc(bytes, polynomial) {
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    return crc;
  });
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

function checksum(name, polynomial, publicName) {
  return {
    name,
    make({ arena, host, peers }, size) {
      const bytes = randomBytes(size);
      const expected = tableCrc(bytes, polynomial);
      const { pointer } = arena.write(bytes);
      const kernel = arena.kernels[name];
      const contestants = [returning("syncodec in linear memory", () => kernel(pointer, size, 0), expected)];
      const call = host.syncodec[publicName];
      if (call !== undefined) contestants.push(returning("syncodec", () => call(bytes), expected));
      peers.use("@node-rs/crc32", (library) => returning("@node-rs/crc32", () => library[name](bytes), expected));
      if (name === "crc32c") {
        peers.use("sse4_crc32", (library) => {
          const buffer = host.peer("Buffer").module.from(bytes);
          return returning("sse4_crc32", () => library.calculate(buffer), expected);
        });
      }
      return [...contestants, ...peers.contestants, memcpy(bytes)];
    },
  };
}

/** Bytes of each element in reverse. */
function swapped(bytes, itemSize) {
  return bytes.map((_, i) => bytes[i - (i % itemSize) + itemSize - 1 - (i % itemSize)]);
}

function byteswap(itemSize) {
  return {
    name: `byteswap${itemSize}`,
    make({ arena, host, peers }, size) {
      const bytes = randomBytes(size);
      const expected = swapped(bytes, itemSize);
      const src = arena.write(bytes);
      const dst = arena.allocate(size);
      const kernel = arena.kernels[`byteswap${itemSize}`];
      const contestants = [
        filling("syncodec in linear memory", arena, dst, () => kernel(dst.pointer, size, src.pointer, size), expected),
        {
          name: "syncodec",
          run: () => host.syncodec.byteswap(bytes, itemSize),
          verify: () => expectEqual(host.syncodec.byteswap(bytes, itemSize), expected, "byteswap"),
        },
      ];
      if (itemSize <= 8) {
        peers.use("Buffer", (library) => {
          const method = `swap${itemSize * 8}`;
          const buffer = library.from(bytes);
          return {
            name: `Buffer.${method}`,
            run: () => buffer[method](),
            verify: () => expectEqual(library.from(bytes)[method](), expected, method),
          };
        });
      }
      return [...contestants, ...peers.contestants, memoryCopy(arena, src, size)];
    },
  };
}

/** Byte i of each item, for every i. */
function shuffled(bytes, itemSize) {
  const items = Math.floor(bytes.length / itemSize);
  return bytes.map((byte, i) => (i < items * itemSize ? bytes[(i % items) * itemSize + Math.floor(i / items)] : byte));
}

/** Bit i of each item, for every i; as many items as there are bits in a byte share one. */
function bitshuffled(bytes, itemSize) {
  const items = bytes.length / itemSize;
  const bits = new Uint8Array(bytes.length);
  for (let item = 0; item < items; item++) {
    for (let bit = 0; bit < itemSize * 8; bit++) {
      const set = (bytes[item * itemSize + (bit >> 3)] >> (bit & 7)) & 1;
      bits[(bit * items + item) >> 3] |= set << (item & 7);
    }
  }
  return bits;
}

function shuffling(name, inverse, reference) {
  const itemSize = 4;
  const kernel = (kernelName, isInverse) => ({
    name: kernelName,
    smallest: 1024,
    make({ arena }, size) {
      const plain = smoothBytes(size);
      const mixed = reference(plain, itemSize);
      const [from, expected] = isInverse ? [mixed, plain] : [plain, mixed];
      const src = arena.write(from);
      const dst = arena.allocate(size);
      const call = arena.kernels[kernelName];
      const run = () => call(dst.pointer, size, src.pointer, size, itemSize);
      return [filling("syncodec in linear memory", arena, dst, run, expected), memoryCopy(arena, src, size)];
    },
  });
  return [kernel(name, false), kernel(inverse, true)];
}

/** The index of a shard of `count` inner chunks of 100 bytes, one after another. */
function shardIndex(count) {
  const pairs = new BigUint64Array(count * 2);
  for (let i = 0; i < count; i++) {
    pairs[i * 2] = BigInt(i * 100);
    pairs[i * 2 + 1] = 100n;
  }
  return pairs;
}

const decodeIndex = {
  name: "decodeShardIndex",
  make({ arena }, size) {
    const count = size / 16;
    const src = arena.write(shardIndex(count));
    const dst = arena.allocate(size);
    const { decodeShardIndex } = arena.kernels;
    const run = () =>
      decodeShardIndex(dst.pointer, size, src.pointer, size, Number.POSITIVE_INFINITY, count * 100, size);
    const expected = bytesOf(Float64Array.from({ length: count * 2 }, (_, i) => (i % 2 === 0 ? i * 50 : 100)));
    return [filling("syncodec in linear memory", arena, dst, run, expected), memoryCopy(arena, src, size)];
  },
};

const encodeIndex = {
  name: "encodeShardIndex",
  make({ arena }, size) {
    const count = size / 16;
    const lengths = arena.write(new Float64Array(count).fill(100));
    const order = arena.write(Uint32Array.from({ length: count }, (_, i) => i));
    const dst = arena.allocate(size);
    const expected = bytesOf(shardIndex(count));
    const { encodeShardIndex } = arena.kernels;
    const run = () => encodeShardIndex(dst.pointer, size, lengths.pointer, order.pointer, count, 0);
    const index = arena.write(expected);
    return [filling("syncodec in linear memory", arena, dst, run, expected), memoryCopy(arena, index, size)];
  },
};

/** One slot of `size` bytes with its checksum. */
const patchSlots = {
  name: "patchSlots",
  make({ arena, host }, size) {
    const bytes = randomBytes(size);
    const layout = host.internals.shardLayout.writeShardLayout(arena, {
      itemSize: 1,
      swapSize: 1,
      checksum: true,
      grid: [1],
      inner: [size],
      extent: [size],
      outerStrides: [1],
      slotStrides: [1],
    });
    const src = arena.write(bytes);
    const dst = arena.allocate(size + 4);
    const chunks = arena.write(Uint32Array.of(0));
    const partial = arena.write(Uint8Array.of(0));
    const region = arena.write(Int32Array.of(0, 1, size));
    const fill = arena.write(Uint8Array.of(0));
    const expected = new Uint8Array(size + 4);
    expected.set(bytes);
    new DataView(expected.buffer).setUint32(size, tableCrc(bytes, 0x82f63b78), true);
    const run = () =>
      arena.kernels.patchSlots(
        dst.pointer,
        size + 4,
        src.pointer,
        size,
        chunks.pointer,
        1,
        partial.pointer,
        region.pointer,
        fill.pointer,
        layout.pointer,
      );
    return [filling("syncodec in linear memory", arena, dst, run, expected), memoryCopy(arena, src, size)];
  },
};

/** A copy between layouts whose rows of `count` items lie one after another on one side, and in every other place on the other. */
function strided(name, itemSize, count, isScatter) {
  return {
    name,
    smallest: 65536,
    tinySmallest: 1024,
    largest: 2 ** 20,
    make({ arena }, size) {
      const row = itemSize * count;
      const rows = Math.floor(size / row);
      const packed = rows * row;
      const bytes = randomBytes(packed * 2);
      const src = arena.write(isScatter ? bytes.subarray(0, packed) : bytes);
      const dst = arena.allocate(isScatter ? packed * 2 : packed);
      const [near, far] = [row, row * 2];
      const axes = [[rows, isScatter ? far : near, isScatter ? near : far]];
      if (count > 1) axes.push([count, itemSize, itemSize]);
      const layout = arena.write(Int32Array.from(axes.flat()));
      const copy = (to, from) => {
        for (let i = 0; i < rows; i++) {
          const [a, b] = isScatter ? [i * far, i * near] : [i * near, i * far];
          to.set(from.subarray(b, b + row), a);
        }
        return to;
      };
      const expected = copy(new Uint8Array(dst.byteLength).fill(0x55), bytes);
      const { copyStrided } = arena.kernels;
      const run = () =>
        copyStrided(
          dst.pointer,
          dst.byteLength,
          0,
          src.pointer,
          src.byteLength,
          0,
          itemSize,
          axes.length,
          layout.pointer,
        );
      const heap = new Uint8Array(dst.byteLength).fill(0x55);
      const rowByRow = {
        name: "set(subarray) per row",
        run: () => copy(heap, bytes),
        verify: () => expectEqual(copy(heap, bytes), expected, "set(subarray)"),
      };
      const peer = memoryCopy(arena, src, packed);
      return [filling("syncodec in linear memory", arena, dst, run, expected), rowByRow, peer];
    },
  };
}

/** A square matrix of items, rows to columns. */
function transposing(itemSize) {
  return {
    name: `transpose${itemSize}`,
    smallest: 65536,
    tinySmallest: 1024,
    make({ arena }, size) {
      const side = Math.floor(Math.sqrt(size / itemSize));
      const length = side * side * itemSize;
      const bytes = randomBytes(length);
      const src = arena.write(bytes);
      const dst = arena.allocate(length);
      const row = side * itemSize;
      const layout = arena.write(Int32Array.of(side, row, itemSize, side, itemSize, row));
      const Items = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }[itemSize];
      const from = new Items(bytes.buffer, bytes.byteOffset, side * side);
      const to = new Items(side * side);
      const loop = () => {
        for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) to[i * side + j] = from[j * side + i];
      };
      const expected = new Uint8Array(length).map((_, i) => {
        const item = Math.floor(i / itemSize);
        return bytes[((item % side) * side + Math.floor(item / side)) * itemSize + (i % itemSize)];
      });
      const run = () =>
        arena.kernels.copyStrided(dst.pointer, length, 0, src.pointer, length, 0, itemSize, 2, layout.pointer);
      const elementByElement = {
        name: "loop over elements",
        run: loop,
        verify() {
          loop();
          expectEqual(to, expected, "loop");
        },
      };
      const peer = memoryCopy(arena, src, length);
      return [filling("syncodec in linear memory", arena, dst, run, expected), elementByElement, peer];
    },
  };
}

const fillTest = {
  name: "isFilled",
  make({ arena }, size) {
    const src = arena.write(new Float32Array(size / 4).fill(1.5));
    const value = arena.write(Float32Array.of(1.5));
    const { isFilled } = arena.kernels;
    const run = () => isFilled(src.pointer, size, value.pointer, 4);
    return [returning("syncodec in linear memory", run, 1), memoryCopy(arena, src, size)];
  },
};

const fill = {
  name: "fill",
  make({ arena }, size) {
    const elements = new Float32Array(size / 4).fill(1.5);
    const value = arena.write(Float32Array.of(1.5));
    const dst = arena.allocate(size);
    const src = arena.write(elements);
    const run = () => arena.kernels.fill(dst.pointer, size, value.pointer, 4);
    return [filling("syncodec in linear memory", arena, dst, run, bytesOf(elements)), memoryCopy(arena, src, size)];
  },
};

const lz4Encode = {
  name: "lz4Encode",
  smallest: 1024,
  make({ arena }, size) {
    const bytes = smoothBytes(size);
    const src = arena.write(bytes);
    const dst = arena.allocate(size + Math.ceil(size / 255) + 16);
    const back = arena.allocate(size);
    const { lz4Encode: encode, lz4Decode: decode } = arena.kernels;
    const run = () => encode(dst.pointer, dst.byteLength, src.pointer, size, 1);
    const contestant = {
      name: "syncodec in linear memory",
      run,
      verify() {
        expectNumber(decode(back.pointer, size, dst.pointer, run()), size, "lz4Decode");
        expectEqual(arena.read(back), bytes, "lz4");
      },
    };
    return [contestant, memoryCopy(arena, src, size)];
  },
};

const lz4Decode = {
  name: "lz4Decode",
  smallest: 1024,
  make({ arena }, size) {
    const bytes = smoothBytes(size);
    const src = arena.write(bytes);
    const encoded = arena.allocate(size + Math.ceil(size / 255) + 16);
    const length = arena.kernels.lz4Encode(encoded.pointer, encoded.byteLength, src.pointer, size, 1);
    const dst = arena.allocate(size);
    const decode = arena.kernels.lz4Decode;
    const run = () => decode(dst.pointer, size, encoded.pointer, length);
    return [filling("syncodec in linear memory", arena, dst, run, bytes), memoryCopy(arena, src, size)];
  },
};

const inflate = {
  name: "inflate",
  smallest: 1024,
  make({ arena, host, peers }, size) {
    const bytes = smoothBytes(size);
    const { fflate } = host.internals;
    const stream = fflate.deflateSync(bytes, { level: 6 });
    const src = arena.write(stream);
    const dst = arena.allocate(size);
    const end = arena.allocate(4);
    const run = () => arena.kernels.inflate(dst.pointer, size, src.pointer, stream.byteLength, end.pointer);
    const decoder = (name, call) => ({ name, run: call, verify: () => expectEqual(call(), bytes, name) });
    const out = new Uint8Array(size);
    peers.use("fflate", (library) => decoder("fflate", () => library.inflateSync(stream, { out })));
    peers.use("node:zlib", (library) => decoder("node:zlib", () => library.inflateRawSync(stream)));
    const ours = filling("syncodec in linear memory", arena, dst, run, bytes);
    return [ours, ...peers.contestants, memoryCopy(arena, arena.write(bytes), size)];
  },
};

const kernels = [
  checksum("crc32c", 0x82f63b78, "crc32c"),
  checksum("crc32", 0xedb88320, "crc32"),
  ...[2, 4, 8, 16].map(byteswap),
  ...shuffling("shuffle", "unshuffle", shuffled),
  ...shuffling("bitshuffle", "bitunshuffle", bitshuffled),
  decodeIndex,
  encodeIndex,
  patchSlots,
  ...[1, 2, 4, 8].flatMap((size) => [
    strided(`gather${size}`, size, 1, false),
    strided(`scatter${size}`, size, 1, true),
  ]),
  ...[10, 50, 100, 1000].flatMap((length) => [
    strided(`gatherRows${length}`, 1, length, false),
    strided(`scatterRows${length}`, 1, length, true),
  ]),
  ...[1, 2, 4, 8].map(transposing),
  fillTest,
  fill,
  lz4Encode,
  lz4Decode,
  inflate,
];

/** Collects the contestants of peers that are there, and the reasons of the others. */
export function peerCollector(host) {
  const collected = { contestants: [], missing: [] };
  return {
    ...collected,
    use(name, make) {
      const { module, reason } = host.peer(name);
      if (module === undefined) collected.missing.push({ name, reason });
      else collected.contestants.push(make(module));
    },
  };
}

export function kernelCases(isTiny) {
  return kernels.flatMap(({ name, smallest = 0, tinySmallest = smallest, largest = 2 ** 24, make }) =>
    Object.entries(isTiny ? tinySizes : sizes)
      .filter(([, size]) => size >= (isTiny ? tinySmallest : smallest) && size <= largest)
      .map(([label, size]) => ({
        id: `K.${name}.${label}`,
        group: "K",
        title: `kernel ${name}, ${label}`,
        bytes: size,
        quick: /^(crc32c|byteswap[24])$/.test(name) && size > 16 && size < 2 ** 24,
        async open(host) {
          const arena = new Arena(host.internals.newKernels());
          const peers = peerCollector(host);
          const contestants = make({ arena, host, peers }, size);
          return { contestants, missing: peers.missing, close() {} };
        },
      })),
  );
}
