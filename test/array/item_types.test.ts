/** Arrays of every data type of fixed size, numeric types excepted, which other suites have: against the bytes of all elements. */

import fc from "fast-check";
import { beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  type Chunk,
  createArray,
  createArraySync,
  createCodecPipeline,
  init,
  LatencyStore,
  MemoryStore,
  openArraySync,
  type Selection,
  StructArray,
  type StructRecord,
  slice,
  type TypedArray,
  type Value,
  type ZarrArray,
} from "../../src/index.js";
import { generator, randomArray, selectionOf } from "../support/arbitraries.js";
import {
  bytesOfData,
  type Data,
  dataOf,
  namedSamples,
  otherByteOrder,
  putElement,
  randomElements,
  type Sample,
  sampleOf,
  takeElement,
} from "../support/data_types.js";
import { hex, ReferenceArray, selectionShape } from "../support/reference_array.js";
import { snapshot } from "../support/snapshot.js";

beforeAll(() => init());

const product = (shape: readonly number[]): number => shape.reduce((count, length) => count * length, 1);

interface Call {
  readonly kind: "set" | "setScalar" | "setStrided" | "get" | "getOut" | "getStrided";
  readonly selection: Selection;
  readonly seed: number;
}

const kinds = fc.constantFrom<Call["kind"]>("set", "set", "setScalar", "setStrided", "get", "getOut", "getStrided");

const cases = fc.tuple(randomArray, fc.nat()).chain(([base, fillSeed]) => {
  const call = fc.record({ kind: kinds, selection: selectionOf(base.shape), seed: fc.nat() });
  return fc.record({
    base: fc.constant(base),
    fillSeed: fc.constantFrom(undefined, fillSeed),
    calls: fc.array(call, { minLength: 1, maxLength: 6 }),
  });
});

/** Strides of a chunk whose first axis is the fastest, with a gap after each element. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => 2 * product(shape.slice(0, axis)));
}

/** Calls `visit` with the place of each element in such a chunk, in C order. */
function forEachPlace(shape: readonly number[], visit: (place: number, i: number) => void): void {
  const stride = stridesOf(shape);
  for (let i = 0; i < product(shape); i++) {
    let rest = i;
    let place = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * stride[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    visit(place, i);
  }
}

function stridedChunk({ type }: Sample, shape: readonly number[], bytes: Uint8Array): Chunk {
  const data = type.allocate(2 * product(shape));
  const { itemSize } = type;
  forEachPlace(shape, (place, i) => {
    putElement(type, data, place, bytes.subarray(i * itemSize, (i + 1) * itemSize));
  });
  return { data, shape: [...shape], stride: stridesOf(shape) } as Chunk;
}

/** What a scalar says of an element: a NaN has no payload there. */
function throughScalar({ type }: Sample, element: Uint8Array): Uint8Array {
  return type.encodeScalar(type.decodeScalar(element));
}

/** Writes `call` to the arrays and to the reference, or compares what it reads. */
async function carryOut(
  sample: Sample,
  arrays: { sync: ZarrArray; batched: ZarrArray },
  reference: ReferenceArray,
  { kind, selection, seed }: Call,
): Promise<void> {
  const { type } = sample;
  const { itemSize } = type;
  const shape = selectionShape(selection, reference.shape);
  const count = product(shape);
  const write = async (value: unknown): Promise<void> => {
    arrays.sync.setSync(selection, value as Value);
    await arrays.batched.set(selection, value as Value);
  };
  const elements = randomElements(sample, reference.fillValue, Math.max(1, count), seed);
  switch (kind) {
    case "set":
      await write(dataOf(type, elements.subarray(0, count * itemSize)));
      if (count > 0) reference.set(selection, elements);
      return;
    case "setStrided":
      await write(stridedChunk(sample, shape, elements));
      if (count > 0) reference.set(selection, elements);
      return;
    case "setScalar": {
      const element = elements.subarray(0, itemSize);
      await write(type.decodeScalar(element));
      reference.set(selection, throughScalar(sample, element));
      return;
    }
  }
  const expected = reference.get(selection);
  if (kind === "get") {
    for (const found of [arrays.sync.getSync(selection), await arrays.batched.get(selection)]) {
      if (selection !== null && shape.length === 0 && selection.length === reference.shape.length) {
        expect(hex(type.encodeScalar(found))).toBe(hex(throughScalar(sample, expected)));
      } else expect(hex(bytesOfData(type, (found as Chunk).data as Data))).toBe(hex(expected));
    }
  } else if (kind === "getOut") {
    const out = dataOf(type, elements.subarray(0, count * itemSize));
    arrays.sync.getSync(selection, { out: out as TypedArray & Chunk["data"] });
    expect(hex(bytesOfData(type, out))).toBe(hex(expected));
  } else {
    const out = stridedChunk(sample, shape, new Uint8Array(count * itemSize));
    const before = bytesOfData(type, out.data as Data);
    await arrays.batched.get(selection, { out });
    forEachPlace(shape, (place, i) => {
      const found = takeElement(type, out.data as Data, place);
      expect(hex(found)).toBe(hex(expected.subarray(i * itemSize, (i + 1) * itemSize)));
      before.set(found, place * itemSize);
    });
    expect(hex(bytesOfData(type, out.data as Data))).toBe(hex(before));
  }
}

describe.each(namedSamples)("%s", (_, sample) => {
  const { option, type } = sample;

  test("equals a plain array through reads and writes, in both drivers, which store the same", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ base, fillSeed, calls }) => {
        const fill =
          fillSeed === undefined ? type.defaultFill() : randomElements(sample, type.defaultFill(), 1, fillSeed);
        const options = { ...base, dataType: option, fillValue: type.decodeScalar(fill) };
        const [store, batchedStore] = [new MemoryStore(), new MemoryStore()];
        const sync = createArraySync(store, options);
        const batched = await createArray(new LatencyStore(batchedStore), { ...options, pipeline: "batched" });
        const reference = new ReferenceArray(base.shape, throughScalar(sample, fill));
        for (const call of calls) await carryOut(sample, { sync, batched }, reference, call);
        const found = openArraySync(store).getSync().data as Data;
        expect(hex(bytesOfData(type, found))).toBe(hex(reference.bytes));
        expect(snapshot(batchedStore)).toEqual(snapshot(store));
      }),
      { numRuns: 60 },
    );
  });

  test.each(["little", "big"] as const)("%s-endian bytes are those of the specification", (endian) => {
    const pipeline = createCodecPipeline({
      shape: [2, 5],
      dataType: option,
      codecs: [{ name: "bytes", configuration: { endian } }],
    });
    const random = generator(7);
    const bytes = Uint8Array.from(Array.from({ length: 10 }, () => [...sample.element(random)]).flat());
    const stored = endian === "big" ? otherByteOrder(sample, bytes) : bytes;
    const data = dataOf(type, bytes) as Chunk["data"];
    expect(hex(pipeline.encodeSync(data, { writeEmptyChunks: true })!)).toBe(hex(stored));
    expect(hex(bytesOfData(type, pipeline.decodeSync(stored).data as Data))).toBe(hex(bytes));
    expect(pipeline.computeEncodedSize()).toBe(10 * type.itemSize);
    const { data: fresh, shape, stride } = pipeline.newChunk();
    expect([bytesOfData(type, fresh as Data).every((byte) => byte === 0), shape, stride]).toEqual([
      true,
      [2, 5],
      [5, 1],
    ]);
  });

  test("the document has the data type and the fill value; opened again they are the same", () => {
    const store = new MemoryStore();
    for (let seed = 0; seed < 20; seed++) {
      const fill = randomElements(sample, type.defaultFill(), 1, seed);
      const array = createArraySync(store, {
        shape: [3],
        chunkShape: [2],
        dataType: option,
        fillValue: type.decodeScalar(fill),
        overwrite: true,
      });
      const opened = openArraySync(store);
      expect(opened.dataType).toBe(type.name);
      expect(opened.dataTypeConfiguration).toEqual(typeof option === "string" ? undefined : option.configuration);
      expect(opened.fillValue).toEqual(type.decodeScalar(fill));
      expect(opened.fillValue).toEqual(array.fillValue);
      expect(opened.getSync([1])).toEqual(array.fillValue);
    }
  });
});

describe("scalars and arrays are told apart", () => {
  const create = <D extends Sample["option"]>(dataType: D) =>
    createArraySync(new MemoryStore(), { shape: [4], chunkShape: [3], dataType });

  test("raw bits: the bytes of one element, or of all", () => {
    const array = create("r16" as const) as ZarrArray<"r16">;
    array.setSync(null, Uint8Array.of(1, 2));
    expect(array.getSync().data).toEqual(Uint8Array.of(1, 2, 1, 2, 1, 2, 1, 2));
    array.setSync([slice(1, 3)], Uint8Array.of(3, 4, 5, 6));
    expect(array.getSync().data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 1, 2));
    array.setSync([slice(3, 4)], Uint8Array.of(7, 8));
    expect(array.getSync([3])).toEqual(Uint8Array.of(7, 8));
    array.setSync([slice(0, 3)], array.getSync([3]) as Uint8Array);
    expect(array.getSync().data).toEqual(Uint8Array.of(7, 8, 7, 8, 7, 8, 7, 8));
    expect(() => array.setSync(null, Uint8Array.of(1, 2, 3))).toThrow(
      "Value has the wrong number of elements (expected 4; found 1.5)",
    );
    expect(() => array.setSync(null, 3)).toThrow(new TypeError("Value for r16 must be a Uint8Array, not number"));
  });

  test("complex numbers: a pair or a number for all", () => {
    const array = create("complex64" as const) as ZarrArray<"complex64">;
    array.setSync(null, [1.5, -2]);
    array.setSync([1], 7);
    expect(array.getSync().data).toEqual(Float32Array.of(1.5, -2, 7, 0, 1.5, -2, 1.5, -2));
    expect(array.getSync([0])).toEqual([1.5, -2]);
    expect(() => array.setSync(null, Float32Array.of(1, 2))).toThrow(
      "Value has the wrong number of elements (expected 4; found 1)",
    );
    expect(() => array.setSync(null, [1, 2, 3] as never)).toThrow(
      new TypeError("Value for complex64 must be a pair of numbers or a number, not object"),
    );
    expect(() => array.setSync(null, Float64Array.of(1, 2) as never)).toThrow(TypeError);
  });

  test("structs: a record for all, a StructArray for each", () => {
    const configuration = {
      fields: [
        { name: "x", data_type: "int8" },
        { name: "s", data_type: "float64" },
      ],
    };
    const array = createArraySync(new MemoryStore(), {
      shape: [3],
      chunkShape: [2],
      dataType: { name: "struct", configuration },
    });
    array.setSync(null, { x: 1, s: 0.5 });
    const { data } = array.newChunk([2]);
    data.set(1, { x: -3, s: 9 });
    array.setSync([slice(0, 2)], data);
    expect([...array.getSync().data]).toEqual([
      { x: 0, s: 0 },
      { x: -3, s: 9 },
      { x: 1, s: 0.5 },
    ]);
    expect(array.getSync([1])).toEqual({ x: -3, s: 9 });
    const other = createArraySync(new MemoryStore(), {
      shape: [3],
      chunkShape: [3],
      dataType: { name: "struct", configuration },
    });
    other.setSync(null, array.getSync());
    expect([...other.getSync().data]).toEqual([...array.getSync().data]);
    expect(() => array.setSync(null, data)).toThrow("Value has the wrong number of elements (expected 3; found 2)");
    expect(() => array.setSync(null, { x: 1 })).toThrow(new TypeError('Value for struct has no field "s"'));
    expect(() => array.setSync(null, [{ x: 1, s: 2 }] as never)).toThrow(TypeError);
    const renamed = createArraySync(new MemoryStore(), {
      shape: [3],
      chunkShape: [3],
      dataType: {
        name: "struct",
        configuration: {
          fields: [
            { name: "y", data_type: "int8" },
            { name: "s", data_type: "float64" },
          ],
        },
      },
    });
    expect(() => renamed.setSync(null, array.getSync())).toThrow(TypeError);
    expect(array.newChunk([2], { useSharedArrayBuffer: true }).data.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(array.getSync(null, { useSharedArrayBuffer: true }).data.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test("texts", () => {
    const array = create(sampleOf("3 Unicode characters").option) as ZarrArray<"fixed_length_utf32">;
    array.setSync(null, "añ😀");
    array.setSync([slice(0, 2)], ["x", ""]);
    expect(array.getSync().data).toEqual(["x", "", "añ😀", "añ😀"]);
    expect(array.getSync([2])).toBe("añ😀");
    expect(() => array.setSync(null, "four")).toThrow(
      "Text does not fit fixed_length_utf32 (expected at most 3 characters; found 4)",
    );
    expect(() => array.setSync(null, ["a", "b", "c", "\ud83d"])).toThrow("a lone surrogate at character 0");
    expect(() => array.setSync(null, ["a", 1, "c", "d"] as never)).toThrow(TypeError);
    expect(array.getSync().data).toEqual(["x", "", "añ😀", "añ😀"]);
  });

  test("a scalar read into `out`", () => {
    const array = create(sampleOf("3 Unicode characters").option) as ZarrArray<"fixed_length_utf32">;
    array.setSync([2], "c");
    const out = [""];
    expect(array.getSync([2], { out })).toBe("c");
    expect(out).toEqual(["c"]);
  });
});

test("text that is not UTF-32 is corrupt, and its place is named", () => {
  const store = new MemoryStore();
  const array = createArraySync(store, {
    shape: [2, 3],
    chunkShape: [2, 3],
    dataType: { name: "fixed_length_utf32", configuration: { length_bytes: 8 } },
  });
  array.setSync(null, "ok");
  for (const codePoint of [0xd800, 0xdfff, 0x110000, 0xffffffff]) {
    const bytes = store.getSync("/c/0/0")!.slice();
    new DataView(bytes.buffer).setUint32(5 * 8 + 4, codePoint, true);
    store.setSync("/c/0/0", bytes);
    expect(() => array.getSync()).toThrow(
      expect.objectContaining({
        code: "CORRUPT_DATA",
        message: `Text is not valid UTF-32, in element [1, 2] of the selection (expected code points; found 0x${codePoint.toString(16)} at character 1)`,
      }),
    );
    expect(() => array.getSync([1, 2])).toThrow(expect.objectContaining({ code: "CORRUPT_DATA" }));
    expect(array.getSync([1, 1])).toBe("ok");
  }
});

describe("types", () => {
  test("of arrays and scalars follow the name", () => {
    expectTypeOf<ReturnType<ZarrArray<"complex64">["newChunk"]>["data"]>().toEqualTypeOf<Float32Array>();
    expectTypeOf<ZarrArray<"complex128">["fillValue"]>().toEqualTypeOf<readonly [number, number]>();
    expectTypeOf<ReturnType<ZarrArray<"r40">["newChunk"]>["data"]>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<ZarrArray<"r40">["fillValue"]>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<ReturnType<ZarrArray<"numpy.datetime64">["newChunk"]>["data"]>().toEqualTypeOf<BigInt64Array>();
    expectTypeOf<ZarrArray<"numpy.timedelta64">["fillValue"]>().toEqualTypeOf<bigint>();
    expectTypeOf<ReturnType<ZarrArray<"fixed_length_utf32">["newChunk"]>["data"]>().toEqualTypeOf<string[]>();
    expectTypeOf<ZarrArray<"null_terminated_bytes">["fillValue"]>().toEqualTypeOf<string>();
    expectTypeOf<ReturnType<ZarrArray<"bfloat16">["newChunk"]>["data"]>().toEqualTypeOf<Uint16Array>();
    expectTypeOf<ZarrArray<"bfloat16">["fillValue"]>().toEqualTypeOf<number>();
    expectTypeOf<ReturnType<ZarrArray<"struct">["newChunk"]>["data"]>().toEqualTypeOf<StructArray>();
    expectTypeOf<ZarrArray<"struct">["fillValue"]>().toEqualTypeOf<StructRecord>();
    expectTypeOf<ZarrArray<"float32">["fillValue"]>().toEqualTypeOf<number>();
  });

  test("createArray infers the name from the object form", () => {
    const array = createArraySync(new MemoryStore(), {
      shape: [1],
      chunkShape: [1],
      dataType: { name: "numpy.datetime64", configuration: { unit: "ns", scale_factor: 1 } },
    });
    expectTypeOf(array).toEqualTypeOf<ZarrArray<"numpy.datetime64">>();
    const pipeline = createCodecPipeline({ shape: [1], dataType: "r24", codecs: ["bytes"] });
    expectTypeOf(pipeline.newChunk().data).toEqualTypeOf<Uint8Array>();
    expect(pipeline.newChunk().data).toEqual(new Uint8Array(3));
    expect(array.dataTypeConfiguration).toEqual({ unit: "ns", scale_factor: 1 });
  });

  test("`is` narrows to a name or to a kind", () => {
    const of = (dataType: Sample["option"]): ZarrArray =>
      createArraySync(new MemoryStore(), { shape: [1], chunkShape: [1], dataType }) as ZarrArray;
    const array = of(sampleOf("datetime").option);
    expect(array.is("numpy.datetime64")).toBe(true);
    expect(array.is("numpy.timedelta64")).toBe(false);
    expect([array.is("bigint"), array.is("number"), array.is("string")]).toEqual([true, false, false]);
    if (array.is("numpy.datetime64")) expectTypeOf(array.fillValue).toEqualTypeOf<bigint>();
    if (array.is("bigint")) expectTypeOf(array.getSync().data).toEqualTypeOf<BigInt64Array | BigUint64Array>();
    const text = of(sampleOf("5 characters").option);
    expect([text.is("string"), text.is("null_terminated_bytes"), text.is("fixed_length_utf32")]).toEqual([
      true,
      true,
      false,
    ]);
    if (text.is("string")) expectTypeOf(text.getSync().data).toEqualTypeOf<string[]>();
    const raw = of("r24");
    expect([raw.is("r24"), raw.is("r16"), raw.is("number")]).toEqual([true, false, false]);
    if (raw.is("r24")) expectTypeOf(raw.getSync().data).toEqualTypeOf<Uint8Array>();
    expect(of("bool").is("boolean")).toBe(true);
    expect([of("float64").is("number"), of("int64").is("number"), of("bfloat16").is("number")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(of("string").is("toString" as never)).toBe(false);
    expect(of(sampleOf("a struct of bytes").option).newChunk([2]).data).toBeInstanceOf(StructArray);
  });
});
