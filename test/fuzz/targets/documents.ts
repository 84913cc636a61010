/** Metadata documents to begin with: every data type, every codec, nested shards, every optional field, groups. */

import { type CreateArrayOptions, createArraySync, createGroupSync } from "../../../src/index.js";
import { chainOf, codecSamples, variableCodecSamples } from "../../codecs/samples.js";
import { generator } from "../../support/arbitraries.js";
import { dataTypeNames, namedSamples } from "../../support/data_types.js";

let documents: readonly string[] | undefined;

function documentOf(options: CreateArrayOptions): string[] {
  const store = new Map<string, Uint8Array>();
  try {
    createArraySync(store, options);
  } catch {
    // Zarr v3 has no JSON elements.
    return [];
  }
  return [new TextDecoder().decode(store.get("/zarr.json"))];
}

function groupDocument(members: readonly string[]): string {
  const store = new Map<string, Uint8Array>();
  createGroupSync(store, { attributes: { list: [1, null, "é"], nested: { __proto__: null, a: true } } });
  const group = new TextDecoder().decode(store.get("/zarr.json")).trimEnd().slice(0, -1);
  const metadata = [...members, '{"zarr_format":3,"node_type":"group"}'].map(
    (each, i) => `"a${i}${i % 2 === 0 ? "" : "/b"}":${each}`,
  );
  return `${group},"consolidated_metadata":{"kind":"inline","must_understand":false,"metadata":{${metadata.join(",")}}}}`;
}

/** The same ones at every call. */
export function seedDocuments(): readonly string[] {
  if (documents !== undefined) return documents;
  const shape = [2, 3];
  const base = { shape: [5, 7], chunkShape: shape } as const;
  const named = namedSamples.map(([, sample]) => sample);
  const plain = [
    ...dataTypeNames.flatMap((dataType) => documentOf({ ...base, dataType })),
    ...named.flatMap(({ option, type, element }, seed) => {
      const fillValue = type.decodeScalar(element(generator(seed)));
      return [...documentOf({ ...base, dataType: option }), ...documentOf({ ...base, dataType: option, fillValue })];
    }),
    ...documentOf({ ...base, dataType: "string", fillValue: "é" }),
    ...documentOf({ ...base, dataType: "bytes", fillValue: Uint8Array.of(0, 255) }),
  ];
  const coded = Object.entries(codecSamples).flatMap(([name, { small, dataTypes }]) =>
    documentOf({ ...base, dataType: dataTypes?.[0] ?? "uint16", codecs: chainOf(name, small) }),
  );
  const variable = Object.entries(variableCodecSamples).flatMap(([name, { dataType }]) =>
    documentOf({ ...base, dataType, codecs: [name, "zstd"] }),
  );
  const rich = documentOf({
    ...base,
    dataType: "float32",
    fillValue: "0x7fc00001",
    shardShape: [4, 6],
    indexLocation: "start",
    compressors: [{ name: "gzip", configuration: { level: 1 } }, "crc32c"],
    chunkKeyEncoding: { name: "v2", separator: "." },
    dimensionNames: ["y", null],
    attributes: { big: 2n ** 63n, constructor: 1 },
  });
  const nested = documentOf({
    shape: [5],
    chunkShape: [4],
    dataType: "uint16",
    codecs: [2, 1].reduceRight<CreateArrayOptions["codecs"] & object>(
      (codecs, length) => [
        {
          name: "sharding_indexed",
          configuration: { chunk_shape: [length], codecs, index_codecs: ["bytes", "crc32c"] },
        },
      ],
      ["bytes", "crc32c"],
    ),
  });
  const scalar = documentOf({ shape: [], chunkShape: [], dataType: "int64", fillValue: -(2n ** 63n) });
  documents = [
    ...plain,
    ...coded,
    ...variable,
    ...rich,
    ...nested,
    ...scalar,
    groupDocument([...plain.slice(0, 2), ...nested]),
  ];
  return documents;
}
