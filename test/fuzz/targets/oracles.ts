/** Other implementations of codecs, which must agree with ours about damaged bytes. */

import { gunzipSync, inflateSync } from "node:zlib";
import numcodecsLz4 from "numcodecs/lz4";
import { type BoundChain, elementCount } from "../../../src/codecs/codec.js";
import { crc32c as referenceCrc32c } from "../../reference/crc32c.js";
import { inflateHost } from "../../support/inflate_host.js";
import { loadZstdLibrary, type ZstdLibrary } from "../../support/zstd_library.js";
import { check, checkBytes, elementBytes } from "../target.js";

/** `decoded` is what ours made of `encoded`, unless it refused: bytes, or the JSON of elements of variable size. */
export type Oracle = (encoded: Uint8Array, decoded: Uint8Array | undefined, chain: BoundChain) => void | Promise<void>;

/** Ours takes what `node:zlib` takes, all of it and nothing else. */
function likeHost(name: "gzip" | "zlib"): Oracle {
  return (encoded, decoded, { byteLength }) => {
    const limit = { maxOutputLength: byteLength + 1 };
    const host = inflateHost(encoded, (data, options) =>
      name === "gzip" ? gunzipSync(data, { ...options, ...limit }) : inflateSync(data, { ...options, ...limit }),
    );
    if (host?.length !== byteLength) check(decoded === undefined, `the codec takes what ${name} of node:zlib refuses`);
    else if (decoded === undefined) check(false, `the codec refuses what ${name} of node:zlib takes`);
    else checkBytes(decoded, host, `${name} of node:zlib`);
  };
}

/** The checksum by the obvious loop. */
function crc32c(encoded: Uint8Array, decoded: Uint8Array | undefined, { encodedSize }: BoundChain): void {
  if (encodedSize.kind !== "fixed" || encoded.length !== encodedSize.bytes) {
    check(decoded === undefined, "a chunk of the wrong length");
    return;
  }
  const end = encoded.length - 4;
  const stored = new DataView(encoded.buffer, encoded.byteOffset + end).getUint32(0, true);
  check((referenceCrc32c(encoded.subarray(0, end)) === stored) === (decoded !== undefined), "verified wrongly");
}

let zstdLibrary: Promise<ZstdLibrary> | undefined;

/** libzstd, which takes all that ours takes, and a few Huffman streams that do not end where they should. */
async function zstd(encoded: Uint8Array, decoded: Uint8Array | undefined, { byteLength }: BoundChain): Promise<void> {
  if (decoded === undefined) return;
  zstdLibrary ??= loadZstdLibrary();
  const expected = (await zstdLibrary).decode(encoded, byteLength);
  check(expected !== undefined, "the codec takes what libzstd refuses");
  checkBytes(decoded, expected, "libzstd");
}

/** LZ4 of numcodecs.js, which is asked only where ours found that the block holds what its header says. */
async function lz4(encoded: Uint8Array, decoded: Uint8Array | undefined): Promise<void> {
  if (decoded === undefined) return;
  const codec = numcodecsLz4.fromConfig({ id: "lz4" });
  checkBytes(Uint8Array.from(await codec.decode(encoded.slice())), decoded, "lz4 of numcodecs.js");
}

/** Items with their lengths, all of the bytes, and as many as the shape says. */
function items(encoded: Uint8Array, count: number): Uint8Array[] | undefined {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  if (encoded.length < 4 || view.getUint32(0, true) !== count) return undefined;
  const found: Uint8Array[] = [];
  let at = 4;
  while (found.length < count) {
    if (at + 4 > encoded.length) return undefined;
    const end = at + 4 + view.getUint32(at, true);
    if (end > encoded.length) return undefined;
    found.push(encoded.subarray(at + 4, end));
    at = end;
  }
  return at === encoded.length ? found : undefined;
}

/** `make` gives an element, or throws. */
function vlen(make: (item: Uint8Array) => unknown): Oracle {
  return (encoded, decoded, { spec, byteSteps }) => {
    // Behind a transpose the elements are in another order.
    if (byteSteps.length > 1) return;
    let expected: unknown[] | undefined;
    try {
      expected = items(encoded, elementCount(spec.shape))?.map(make);
    } catch {
      expected = undefined;
    }
    check((expected === undefined) === (decoded === undefined), "taken or refused wrongly");
    if (decoded !== undefined) checkBytes(decoded, elementBytes(expected), "the items");
  };
}

function decodeUtf8(item: Uint8Array): string {
  const text = Buffer.from(item).toString("utf8");
  check(Buffer.compare(Buffer.from(text), item) === 0, "not UTF-8");
  return text;
}

/** JavaScript's own parser takes what ours takes, but for numbers that only Python writes. */
function json(encoded: Uint8Array, decoded: Uint8Array | undefined): void {
  const text = Buffer.from(encoded).toString("utf8");
  if (decoded === undefined || /NaN|Infinity/.test(text)) return;
  const document: unknown = JSON.parse(text);
  check(Array.isArray(document) && document.length >= 2, "no array of items, data type and shape");
}

export const oracles: Readonly<Record<string, Oracle | undefined>> = {
  crc32c,
  gzip: likeHost("gzip"),
  "numcodecs.gzip": likeHost("gzip"),
  zlib: likeHost("zlib"),
  zstd,
  "numcodecs.zstd": zstd,
  "numcodecs.lz4": lz4,
  "vlen-utf8": vlen(decodeUtf8),
  "vlen-bytes": vlen((item) => item),
  "numcodecs.json2": json,
};
