/** Arrays of strings, byte strings and JSON values: everything that arrays of fixed size do, against a plain JavaScript array. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CodecOption,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  LatencyStore,
  MemoryStore,
  openArraySync,
} from "../../src/index.js";
import { randomArray, selectionOf } from "../support/arbitraries.js";
import { selectedNumbers, selectionShape } from "../support/reference_array.js";
import { snapshot } from "../support/snapshot.js";

const kinds = {
  string: { fillValue: "fill", value: (i: number) => (i % 5 === 0 ? "fill" : "ä".repeat(i % 7) + i) },
  bytes: { fillValue: Uint8Array.of(1, 2), value: (i: number) => new Uint8Array(i % 5).fill(i) },
} as const;

type Kind = keyof typeof kinds;

const compressors = fc.constantFrom<CodecOption[]>([], ["crc32c"], [{ name: "gzip", configuration: { level: 1 } }]);

/** The shapes and layouts of arrays of fixed size, with chains for elements of variable size. */
const arrays = fc.record({
  base: randomArray,
  kind: fc.constantFrom<Kind>("string", "bytes"),
  compressors,
  isTransposed: fc.boolean(),
});

function optionsOf(
  { shape, chunkShape, chunkGrid, writeEmptyChunks }: CreateArrayOptions,
  kind: Kind,
  chain: CodecOption[],
  isTransposed: boolean,
): CreateArrayOptions<Kind> {
  const order = shape.map((_, axis) => (axis + 1) % shape.length);
  return {
    shape,
    ...(chunkShape === undefined ? {} : { chunkShape }),
    ...(chunkGrid === undefined ? {} : { chunkGrid }),
    ...(writeEmptyChunks === undefined ? {} : { writeEmptyChunks }),
    dataType: kind,
    fillValue: kinds[kind].fillValue,
    compressors: chain,
    ...(isTransposed ? { filters: [{ name: "transpose", configuration: { order } }] } : {}),
  };
}

const count = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

describe("arrays of variable size", () => {
  test("equal a plain array through writes and reads, in both drivers, which store the same", async () => {
    const cases = arrays.chain((each) =>
      fc.record({
        each: fc.constant(each),
        selections: fc.array(selectionOf(each.base.shape), { minLength: 1, maxLength: 5 }),
        seed: fc.nat(1000),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ each: { base, kind, compressors, isTransposed }, selections, seed }) => {
        const options = optionsOf(base, kind, compressors, isTransposed);
        const { fillValue, value } = kinds[kind];
        const [store, batchedStore] = [new MemoryStore(), new MemoryStore()];
        const sync = createArraySync(store, options);
        const batched = await createArray(new LatencyStore(batchedStore), { ...options, pipeline: "batched" });
        const plain: unknown[] = new Array(count(base.shape)).fill(fillValue);
        let next = seed;
        for (const selection of selections) {
          const numbers = selectedNumbers(selection, base.shape);
          const values = Array.from({ length: count(selectionShape(selection, base.shape)) }, () => value(next++));
          const source = (next % 4 === 0 ? value(next) : values) as string[];
          sync.setSync(selection, source);
          await batched.set(selection, source);
          numbers.forEach((number, i) => {
            plain[number] = next % 4 === 0 ? value(next) : values[i];
          });
          expect(openArraySync<Kind>(store).getSync().data).toEqual(plain);
          expect((await batched.get()).data).toEqual(plain);
          const found = sync.getSync(selection);
          const expected = selectedNumbers(selection, base.shape).map((number) => plain[number]);
          const isChunk = typeof found === "object" && "data" in found;
          expect(isChunk ? found.data : [found]).toEqual(expected);
        }
        expect(snapshot(batchedStore)).toEqual(snapshot(store));
      }),
      { numRuns: 200 },
    );
  });

  test("`out`, contiguous and strided, is filled; the source of a write is neither kept nor changed", () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { shape: [2, 3], chunkShape: [1, 2], dataType: "string" });
    const source = ["a", "b", "c", "d", "e", "f"];
    array.setSync(null, source);
    source.fill("changed");
    const out = new Array<string>(6).fill("?");
    expect(array.getSync(null, { out }).data).toBe(out);
    expect(out).toEqual(["a", "b", "c", "d", "e", "f"]);
    const strided = { data: new Array<string>(12).fill("-"), shape: [2, 3], stride: [1, 4] };
    array.getSync(null, { out: strided });
    expect(strided.data.join("")).toBe("ad--be--cf--");
    expect(array.getSync([1, 2])).toBe("f");
  });

  test("what is no element of the type is refused", () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { shape: [2], chunkShape: [2], dataType: "string" });
    const set = (value: unknown) => () => array.setSync(null, value as string[]);
    expect(set([1, 2])).toThrow(TypeError);
    expect(set(3)).toThrow("Value for string must be a string, not number");
    expect(set(["a"])).toThrow("Value has the wrong number of elements (expected 2; found 1)");
    expect(set(["a", "\ud800"])).toThrow("Element 1 has a lone surrogate, which UTF-8 cannot hold");
    expect(array.getSync().data).toEqual(["", ""]);
  });

  test("`bytes` cannot encode them, and `vlen-utf8` no numbers", () => {
    const create = (dataType: "string" | "int8", serializer: string) => () =>
      createArraySync(new MemoryStore(), { shape: [2], chunkShape: [2], dataType, serializer });
    expect(create("string", "bytes")).toThrow('Unsupported data type string for codec "bytes"');
    expect(create("int8", "vlen-utf8")).toThrow('Unsupported data type int8 for codec "vlen-utf8"');
  });
});
