/** Metadata documents to begin with: every data type, every codec, nested shards, every optional field, groups. */

import { type CreateArrayOptions, createArraySync, createGroupSync } from "../../../src/index.js";
import { dataTypes } from "../../../src/metadata/data_type.js";
import { chainOf, codecSamples } from "../../codecs/samples.js";

let documents: readonly string[] | undefined;

function documentOf(options: CreateArrayOptions): string[] {
  const store = new Map<string, Uint8Array>();
  try {
    createArraySync(store, options);
  } catch {
    // Not every codec takes every data type.
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
  const plain = dataTypes.flatMap(({ name }) => documentOf({ ...base, dataType: name }));
  const coded = Object.entries(codecSamples).flatMap(([name, { small }]) => {
    const codecs = chainOf(name, small);
    for (const { name: dataType } of [{ name: "uint16" } as const, ...dataTypes]) {
      const found = documentOf({ ...base, dataType, codecs });
      if (found.length > 0) return found;
    }
    return [];
  });
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
  documents = [...plain, ...coded, ...rich, ...nested, ...scalar, groupDocument([...plain.slice(0, 2), ...nested])];
  return documents;
}
