/** Arrays of every data type as zarr-python 3.4.2 wrote them: documents and chunks, byte for byte. Four elements, the last one missing. */

import { describe, expect, test } from "vitest";
import { createArraySync, MemoryStore, openArraySync, StructArray, slice } from "../../src/index.js";

const nat = -(2n ** 63n);

const record =
  '{"name":"struct","configuration":{"fields":[{"name":"id","data_type":"int16"},{"name":"flag","data_type":"bool"},{"name":"text","data_type":{"name":"fixed_length_utf32","configuration":{"length_bytes":8}}},{"name":"p","data_type":{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"float32"},{"name":"y","data_type":"float32"}]}}},{"name":"when","data_type":{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}}},{"name":"code","data_type":{"name":"null_terminated_bytes","configuration":{"length_bytes":3}}},{"name":"raw","data_type":{"name":"raw_bytes","configuration":{"length_bytes":2}}}]}}';
const recordFill =
  '{"id":7,"flag":false,"text":"né","p":{"x":"NaN","y":0.0},"when":-9223372036854775808,"code":"cQ==","raw":"BQY="}';
const records = [
  { id: 1, flag: true, text: "é", p: { x: 0.5, y: 1 }, when: 0n, code: "abc", raw: Uint8Array.of(1, 2) },
  { id: -2, flag: false, text: "", p: { x: -0, y: 2 }, when: 1700000000n, code: "", raw: Uint8Array.of(0, 0) },
  {
    id: 300,
    flag: true,
    text: "ab",
    p: { x: Number.NaN, y: -Infinity },
    when: nat,
    code: "z",
    raw: Uint8Array.of(255, 0),
  },
  { id: 7, flag: false, text: "né", p: { x: Number.NaN, y: 0 }, when: nat, code: "q", raw: Uint8Array.of(5, 6) },
];
const older =
  '{"name":"structured","configuration":{"fields":[["a","int16"],["b",{"name":"structured","configuration":{"fields":[["x","float32"]]}}]]}}';

const little = '{"name":"bytes","configuration":{"endian":"little"}}';
const big = '{"name":"bytes","configuration":{"endian":"big"}}';
const none = '{"name":"bytes"}';

interface Vector {
  readonly dataType: string;
  readonly fillValue: string;
  readonly codec: string;
  readonly chunk: string;
  /** Contiguous data of all four elements, or the records of a struct. */
  readonly data: unknown;
  /** The fill value as we write it, where that is another text. */
  readonly ours?: string;
}

const vectors: readonly Vector[] = [
  {
    dataType: '"complex64"',
    fillValue: '[1.0,"NaN"]',
    codec: little,
    chunk: "0000c03f000000c00000c07f0000807f00000080cdcccc3d",
    data: Float32Array.of(1.5, -2, Number.NaN, Infinity, -0, 0.1, 1, Number.NaN),
    ours: '[1,"NaN"]',
  },
  {
    dataType: '"complex128"',
    fillValue: "[0.1,-0.0]",
    codec: big,
    chunk: "3ff8000000000000c000000000000000fff00000000000003fb999999999999a80000000000000007e37e43c8800759c",
    data: Float64Array.of(1.5, -2, -Infinity, 0.1, -0, 1e300, 0.1, -0),
  },
  {
    dataType: '{"name":"raw_bytes","configuration":{"length_bytes":3}}',
    fillValue: '"AQL+"',
    codec: none,
    chunk: "0001ff616263000000",
    data: Uint8Array.of(0, 1, 255, 97, 98, 99, 0, 0, 0, 1, 2, 254),
  },
  {
    dataType: '{"name":"null_terminated_bytes","configuration":{"length_bytes":4}}',
    fillValue: '"bmE="',
    codec: none,
    chunk: "48690000ff00800066756c6c",
    data: ["Hi", "\u00ff\u0000\u0080", "full", "na"],
  },
  {
    dataType: '{"name":"fixed_length_utf32","configuration":{"length_bytes":12}}',
    fillValue: '"né"',
    codec: big,
    chunk: "00000061000000f10001f600000000000000000000000000000000480000006900000000",
    data: ["añ😀", "", "Hi", "né"],
  },
  {
    dataType: '{"name":"numpy.datetime64","configuration":{"unit":"ns","scale_factor":1}}',
    fillValue: "-9223372036854775808",
    codec: big,
    chunk: "0000000000000000ffffffffffffffff8000000000000000",
    data: BigInt64Array.of(0n, -1n, nat, nat),
    ours: '"NaT"',
  },
  {
    dataType: '{"name":"numpy.timedelta64","configuration":{"unit":"us","scale_factor":10}}',
    fillValue: "7",
    codec: little,
    chunk: "ffffffffffffff7f05000000000000000000000000000080",
    data: BigInt64Array.of(2n ** 63n - 1n, 5n, nat, 7n),
  },
  {
    dataType: record,
    fillValue: recordFill,
    codec: little,
    chunk:
      "010001e9000000000000000000003f0000803f00000000000000006162630102feff000000000000000000000000800000004000f153650000000000000000002c010161000000620000000000c07f000080ff00000000000000807a0000ff00",
    data: records,
    ours: recordFill.replace("0.0", "0").replace("-9223372036854775808", '"NaT"'),
  },
  {
    dataType: record,
    fillValue: recordFill,
    codec: big,
    chunk:
      "000101000000e9000000003f0000003f80000000000000000000006162630102fffe0000000000000000008000000040000000000000006553f1000000000000012c0100000061000000627fc00000ff80000080000000000000007a0000ff00",
    data: records,
    ours: recordFill.replace("0.0", "0").replace("-9223372036854775808", '"NaT"'),
  },
  {
    dataType:
      '{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"float32"},{"name":"y","data_type":"float32"}]}}',
    fillValue: '{"x":"NaN","y":0.5}',
    codec: big,
    chunk: "3f800000400000007fc00000800000003dcccccd7f800000",
    data: [
      { x: 1, y: 2 },
      { x: Number.NaN, y: -0 },
      { x: Math.fround(0.1), y: Infinity },
      { x: Number.NaN, y: 0.5 },
    ],
  },
];

function documentOf({ dataType, fillValue, codec }: Pick<Vector, "dataType" | "fillValue" | "codec">): string {
  return `{"shape":[4],"data_type":${dataType},"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[3]}},"chunk_key_encoding":{"name":"default","configuration":{"separator":"/"}},"fill_value":${fillValue},"codecs":[${codec}],"attributes":{},"zarr_format":3,"node_type":"array","storage_transformers":[]}`;
}

function storeOf(vector: Pick<Vector, "dataType" | "fillValue" | "codec" | "chunk">): MemoryStore {
  const store = new MemoryStore();
  store.setSync("/zarr.json", new TextEncoder().encode(documentOf(vector)));
  store.setSync("/c/0", Uint8Array.from(Buffer.from(vector.chunk, "hex")));
  return store;
}

const plain = (data: unknown): unknown => (data instanceof StructArray ? [...data] : data);
const textOf = (store: MemoryStore): string => new TextDecoder().decode(store.getSync("/zarr.json"));

describe.each(vectors)("$dataType $codec", (vector) => {
  const { data, dataType, fillValue, codec, chunk, ours = fillValue } = vector;

  test("is read", () => {
    expect(plain(openArraySync(storeOf(vector)).getSync().data)).toEqual(data);
  });

  test("is written the same", () => {
    const source = openArraySync(storeOf(vector));
    const store = new MemoryStore();
    const array = createArraySync(store, {
      shape: [4],
      chunkShape: [3],
      dataType: JSON.parse(dataType),
      fillValue: source.fillValue,
      serializer: JSON.parse(codec),
    });
    array.setSync([slice(0, 3)], source.getSync([slice(0, 3)]) as ReturnType<typeof source.newChunk>);
    expect(Buffer.from(store.getSync("/c/0")!).toString("hex")).toBe(chunk);
    expect(store.getSync("/c/1")).toBeUndefined();
    const text = textOf(store).replace(/\n */g, "").replaceAll('": ', '":');
    expect(text).toContain(`"data_type":${dataType},`);
    expect(text).toContain(`"fill_value":${ours},`);
  });
});

describe("older documents", () => {
  test("structured: pairs, no byte order, the fill value as base64", () => {
    const store = storeOf({
      dataType: older,
      fillValue: '"BwAAAMA/"',
      codec: none,
      chunk: "01000000803f" + "feff00000040" + "0300cdcccc3d",
    });
    const array = openArraySync<"struct">(store);
    expect([...array.getSync().data]).toEqual([
      { a: 1, b: { x: 1 } },
      { a: -2, b: { x: 2 } },
      { a: 3, b: { x: Math.fround(0.1) } },
      { a: 7, b: { x: 1.5 } },
    ]);
    expect(array.dataType).toBe("struct");
    // What the document says stays as it is, whatever else changes.
    array.setAttributesSync({ seen: true });
    const text = textOf(store).replace(/\s/g, "");
    expect(text).toContain(`"data_type":${older},`);
    expect(text).toContain('"fill_value":"BwAAAMA/"');
    array.setSync([3], { a: 1, b: { x: 1 } });
    expect(Buffer.from(store.getSync("/c/1")!.subarray(0, 6)).toString("hex")).toBe("01000000803f");
  });

  test.each([
    ['"variable_length_bytes"', "bytes"],
    ['"complex_float32"', "complex64"],
    ['"complex_float64"', "complex128"],
  ])("%s", (dataType, name) => {
    const isBytes = name === "bytes";
    const store = storeOf({
      dataType,
      fillValue: isBytes ? '"YWI="' : "[0,0]",
      codec: isBytes ? '{"name":"vlen-bytes"}' : little,
      chunk: isBytes
        ? "03000000" + "01000000" + "78" + "00000000" + "02000000" + "7879"
        : "00".repeat(name === "complex64" ? 24 : 48),
    });
    const array = openArraySync(store);
    expect(array.dataType).toBe(name);
    expect(array.getSync([3])).toEqual(isBytes ? Uint8Array.of(97, 98) : [0, 0]);
    if (isBytes) expect(array.getSync([2])).toEqual(Uint8Array.of(120, 121));
  });
});
