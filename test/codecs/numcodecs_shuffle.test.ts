import { describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.js";
import { createArraySync, createCodecPipeline, openArraySync, registerCodec } from "../../src/index.js";
import { fromHex, syncodecError } from "./support.js";

const pipelineOf = (length: number, configuration: Readonly<Record<string, unknown>>, name = "numcodecs.shuffle") =>
  createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", { name, configuration }] });

const bytes = Uint8Array.from({ length: 48 }, (_, i) => i);

/** Bytes 0 to 47 as numcodecs 0.17.1 encodes them, by element size. */
const vectors: readonly (readonly [elementSize: number, hex: string])[] = [
  [2, "00020406080a0c0e10121416181a1c1e20222426282a2c2e01030507090b0d0f11131517191b1d1f21232527292b2d2f"],
  [3, "000306090c0f1215181b1e2124272a2d0104070a0d101316191c1f2225282b2e0205080b0e1114171a1d202326292c2f"],
  [4, "0004080c1014181c2024282c0105090d1115191d2125292d02060a0e12161a1e22262a2e03070b0f13171b1f23272b2f"],
  [8, "000810182028010911192129020a121a222a030b131b232b040c141c242c050d151d252d060e161e262e070f171f272f"],
];

describe("numcodecs.shuffle", () => {
  test.each(vectors)("elements of %i bytes, by numcodecs", (elementsize, hex) => {
    for (const name of ["numcodecs.shuffle", "shuffle"]) {
      const pipeline = pipelineOf(48, { elementsize }, name);
      expect(pipeline.computeEncodedSize()).toBe(48);
      expect(pipeline.encodeSync(bytes)).toEqual(fromHex(hex));
      expect(pipeline.decodeSync(fromHex(hex)).data).toEqual(bytes);
    }
  });

  test("records the item size of the data type", () => {
    for (const name of ["numcodecs.shuffle", "shuffle"]) {
      const map = new Map<string, Uint8Array>();
      createArraySync(map, { shape: [6], chunkShape: [3], dataType: "float64", compressors: [name] });
      const { codecs } = JSON.parse(Buffer.from(map.get("/zarr.json")!).toString());
      expect(codecs[1]).toEqual({ name, configuration: { elementsize: 8 } });
      const data = Float64Array.of(1, 2, 3, 4, 5, 6);
      openArraySync(map).setSync(null, data);
      expect(openArraySync(map).getSync().data).toEqual(data);
    }
  });

  test("refuses elements that do not fill the chunk", () => {
    expect(syncodecError(() => pipelineOf(10, { elementsize: 4 }))).toMatchObject({ code: "UNSUPPORTED" });
  });

  test("refuses bytes of unknown length that are no whole number of elements", () => {
    const remove = registerCodec({
      name: "test.cut",
      kind: "bytes_to_bytes",
      fromConfig: () => ({ encodeSync: (data) => data.subarray(1), decodeSync: (data) => data }),
    });
    const codecs = ["bytes", "test.cut", { name: "shuffle", configuration: { elementsize: 4 } }];
    const pipeline = createCodecPipeline({ shape: [8], dataType: "uint8", codecs });
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    expect(syncodecError(() => pipeline.encodeSync(data))).toBeInstanceOf(DataError);
    expect(syncodecError(() => pipeline.decodeSync(data.subarray(1)))).toMatchObject({
      code: "CORRUPT_DATA",
      found: 7,
    });
    expect(pipeline.decodeSync(data).data).toEqual(Uint8Array.of(1, 3, 5, 7, 2, 4, 6, 8));
    remove();
  });
});
