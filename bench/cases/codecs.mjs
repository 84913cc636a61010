/** C: codecs alone, one chunk at a time: what `createCodecPipeline` gives against the libraries. */

import { bytesOf, expectEqual, generate, typedArrays } from "./data.mjs";
import { peerCollector } from "./kernels.mjs";

const kibibytes = (bytes) => (bytes >= 2 ** 20 ? `${bytes / 2 ** 20}MiB` : `${bytes / 1024}KiB`);

/** Contestants of a peer: both directions, perhaps asynchronous. */
const peer = (name, library, make) => ({ name, library, make });

/** A codec of numcodecs.js, whose `decode` would take a second argument for its output. */
function numcodecs(library, configuration) {
  const codec = library.fromConfig(configuration);
  return { encode: (bytes) => codec.encode(bytes), decode: (bytes) => codec.decode(bytes) };
}

const level = 5;

const codecs = {
  gzip: {
    codec: { name: "gzip", configuration: { level } },
    sizes: [2 ** 10, 2 ** 12, 2 ** 16, 2 ** 20],
    peers: [
      peer("fflate", "fflate", ({ gzipSync, gunzipSync }) => ({
        encode: (bytes) => gzipSync(bytes, { level }),
        decode: (bytes, size) => gunzipSync(bytes, { out: new Uint8Array(size) }),
      })),
      peer("node:zlib", "node:zlib", ({ gzipSync, gunzipSync }) => ({
        encode: (bytes) => gzipSync(bytes, { level }),
        decode: (bytes) => gunzipSync(bytes),
      })),
    ],
  },
  zlib: {
    codec: { name: "zlib", configuration: { level } },
    sizes: [2 ** 10, 2 ** 12, 2 ** 16, 2 ** 20],
    peers: [
      peer("fflate", "fflate", ({ zlibSync, unzlibSync }) => ({
        encode: (bytes) => zlibSync(bytes, { level }),
        decode: (bytes, size) => unzlibSync(bytes, { out: new Uint8Array(size) }),
      })),
      peer("node:zlib", "node:zlib", ({ deflateSync, inflateSync }) => ({
        encode: (bytes) => deflateSync(bytes, { level }),
        decode: (bytes) => inflateSync(bytes),
      })),
    ],
  },
  zstd: {
    codec: { name: "zstd", configuration: { level: 3, checksum: false } },
    sizes: [2 ** 12, 2 ** 16, 2 ** 20],
    peers: [
      peer("@bokuweb/zstd-wasm", "@bokuweb/zstd-wasm", ({ compress, decompress }) => ({
        encode: (bytes) => compress(bytes, 3),
        decode: (bytes, size) => decompress(bytes, { defaultHeapSize: size }),
      })),
      peer("node:zlib zstd", "node:zlib zstd", ({ zstdCompressSync, zstdDecompressSync }) => ({
        encode: (bytes) => zstdCompressSync(bytes),
        decode: (bytes) => zstdDecompressSync(bytes),
      })),
      peer("numcodecs.js zstd", "numcodecs.js zstd", (library) => numcodecs(library, { id: "zstd", level: 3 })),
    ],
  },
  lz4: {
    codec: { name: "numcodecs.lz4", configuration: { acceleration: 1 } },
    sizes: [2 ** 12, 2 ** 16, 2 ** 20],
    peers: [
      peer("numcodecs.js lz4", "numcodecs.js lz4", (library) => numcodecs(library, { id: "lz4", acceleration: 1 })),
    ],
  },
};

for (const cname of ["lz4", "zstd"]) {
  for (const [shuffle, name] of ["noshuffle", "shuffle", "bitshuffle"].entries()) {
    codecs[`blosc-${cname}-${name}`] = {
      codec: { name: "blosc", configuration: { cname, clevel: 5, shuffle: name, typesize: 4, blocksize: 0 } },
      sizes: [2 ** 12, 2 ** 16, 2 ** 20],
      peers: [
        peer("numcodecs.js blosc", "numcodecs.js blosc", (library) =>
          numcodecs(library, { id: "blosc", cname, clevel: 5, shuffle, blocksize: 0 }),
        ),
      ],
    };
  }
}

/** Encoding and decoding of one chunk. Every engine decodes what the others have encoded before it is timed. */
function codecCase(name, { codec, peers }, content, dataType, size, direction) {
  const isEncoding = direction === "encode";
  return {
    id: `C.${name}.${content}.${dataType}.${kibibytes(size)}.${direction}`,
    group: "C",
    title: `${direction} ${kibibytes(size)} of ${content} ${dataType}, ${name}`,
    bytes: size,
    quick: name === "gzip" && content === "smooth" && dataType === "int32" && !isEncoding,
    async open(host) {
      const data = generate(content, [size / 4], dataType);
      const raw = bytesOf(data);
      const shape = [data.length];
      const pipeline = host.syncodec.createCodecPipeline({ shape, dataType, codecs: ["bytes", codec] });
      const options = { writeEmptyChunks: true };
      const encoded = pipeline.encodeSync(data, options);
      const out = new typedArrays[dataType](data.length);
      const ours = (title, run) => ({
        name: title,
        run,
        verify() {
          const decoded = isEncoding ? pipeline.decodeSync(run()) : run();
          expectEqual(decoded.data, raw, title);
          return { encodedBytes: encoded.byteLength };
        },
      });
      const contestants = isEncoding
        ? [ours("syncodec", () => pipeline.encodeSync(data, options))]
        : [
            ours("syncodec into out", () => pipeline.decodeSync(encoded, { out })),
            ours("syncodec", () => pipeline.decodeSync(encoded)),
          ];
      const collector = peerCollector(host);
      for (const { name: title, library, make } of peers) {
        collector.use(library, (module) => {
          const engine = make(module);
          return {
            name: title,
            run: isEncoding ? () => engine.encode(raw) : () => engine.decode(encoded, size),
            async verify() {
              const theirs = await engine.encode(raw);
              expectEqual(await engine.decode(encoded, size), raw, `${title}, reading syncodec`);
              expectEqual(pipeline.decodeSync(bytesOf(theirs)).data, raw, `syncodec, reading ${title}`);
              return { encodedBytes: theirs.byteLength };
            },
          };
        });
      }
      return { contestants: [...contestants, ...collector.contestants], missing: collector.missing, close() {} };
    },
  };
}

export function codecCases(isTiny) {
  return Object.entries(codecs).flatMap(([name, definition]) => {
    const sizes = isTiny ? [2 ** 10] : definition.sizes;
    const largest = sizes.at(-1);
    const contents = [
      ...sizes.map((size) => ["smooth", "int32", size]),
      ...sizes.map((size) => ["smooth", "float32", size]),
      ["random", "int32", largest],
      ["zeros", "int32", largest],
    ];
    return contents.flatMap(([content, dataType, size]) =>
      ["encode", "decode"].map((direction) => codecCase(name, definition, content, dataType, size, direction)),
    );
  });
}
