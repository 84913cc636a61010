/** The command on arrays of every data type. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Chunk, createArraySync, type DataTypeOption, openArraySync, type Value } from "../../src/index.js";
import { formatJson } from "../../src/metadata/json.js";
import { LocalStore } from "../../src/node.js";
import { generator } from "../support/arbitraries.js";
import { bytesOfData, type Data, dataOf, namedSamples } from "../support/data_types.js";
import { hex } from "../support/reference_array.js";
import { syncodec, temporaryDirectory } from "./support.js";

const directory = temporaryDirectory();
let count = 0;
const newPath = (): string => join(directory, `${count++}`);

const point = {
  name: "struct",
  configuration: {
    fields: [
      { name: "x", data_type: "float32" },
      { name: "n", data_type: "int64" },
      { name: "b", data_type: "bool" },
      { name: "s", data_type: { name: "fixed_length_utf32", configuration: { length_bytes: 8 } } },
      { name: "z", data_type: "complex128" },
      { name: "r", data_type: "r16" },
      { name: "i", data_type: { name: "struct", configuration: { fields: [{ name: "a", data_type: "bfloat16" }] } } },
    ],
  },
} as const;

const dumped: readonly (readonly [DataTypeOption, readonly unknown[], readonly string[]])[] = [
  ["bfloat16", [1.5, -0, Number.NaN, 0.1], ["1.5", "-0", '"NaN"', "0.10009765625"]],
  [
    "complex64",
    [
      [1, -2.5],
      [Number.NaN, -Infinity],
      [-0, 0.1],
    ],
    ["[1,-2.5]", '["NaN","-Infinity"]', "[-0,0.10000000149011612]"],
  ],
  ["complex128", [[0.1, 1e21]], ["[0.1,1e+21]"]],
  ["r24", [Uint8Array.of(0, 255, 16), new Uint8Array(3)], ['"AP8Q"', '"AAAA"']],
  [{ name: "raw_bytes", configuration: { length_bytes: 1 } }, [Uint8Array.of(255)], ['"/w=="']],
  [
    { name: "null_terminated_bytes", configuration: { length_bytes: 3 } },
    ["a\n", "", '"\u00ff'],
    ['"a\\n"', '""', '"\\"\u00ff"'],
  ],
  [{ name: "fixed_length_utf32", configuration: { length_bytes: 12 } }, ["añ😀", ""], ['"añ😀"', '""']],
  [
    { name: "numpy.datetime64", configuration: { unit: "s", scale_factor: 1 } },
    [9007199254740993n, -(2n ** 63n)],
    ["9007199254740993", "-9223372036854775808"],
  ],
  [
    point,
    [
      { x: 0.5, n: 2n ** 53n + 1n, b: true, s: "é\u0001", z: [1, -0], r: Uint8Array.of(1, 2), i: { a: 3 } },
      { x: -Infinity, n: -1n, b: false, s: "", z: [0, Number.NaN], r: Uint8Array.of(0, 0), i: { a: Number.NaN } },
    ],
    [
      '{"x":0.5,"n":9007199254740993,"b":true,"s":"é\\u0001","z":[1,-0],"r":"AQI=","i":{"a":3}}',
      '{"x":"-Infinity","n":-1,"b":false,"s":"","z":[0,"NaN"],"r":"AAA=","i":{"a":"NaN"}}',
    ],
  ],
];

test.each(dumped)("dump %j", async (dataType, values, lines) => {
  const path = newPath();
  const array = createArraySync(new LocalStore(path), { shape: [values.length], chunkShape: [2], dataType });
  values.forEach((value, i) => {
    array.setSync([i], value as Value);
  });
  expect(await syncodec("dump", path)).toEqual({ status: 0, stdout: `${lines.join("\n")}\n`, stderr: "" });
});

test("info shows the configuration", async () => {
  const path = newPath();
  const dataType = { name: "numpy.datetime64", configuration: { unit: "ns", scale_factor: 10 } } as const;
  createArraySync(new LocalStore(path), { shape: [3], chunkShape: [2], dataType, fillValue: "NaT" });
  const { stdout } = await syncodec("info", path);
  expect(stdout).toContain('\n  data type     numpy.datetime64 {"unit":"ns","scale_factor":10}\n');
  expect(stdout).toContain('\n  fill value    "NaT"\n');
  expect(JSON.parse((await syncodec("info", "--json", path)).stdout)).toMatchObject({
    data_type: dataType,
    fill_value: "NaT",
    uncompressed_bytes: 24,
  });
});

test("neither texts nor field names steer the terminal", async () => {
  const path = newPath();
  const fields = [{ name: "a\u009b2J", data_type: { name: "fixed_length_utf32", configuration: { length_bytes: 8 } } }];
  const dataType = { name: "struct", configuration: { fields } } as const;
  createArraySync(new LocalStore(path), {
    shape: [1],
    chunkShape: [1],
    dataType,
    fillValue: { "a\u009b2J": "\u009bx" },
  });
  expect((await syncodec("info", path)).stdout).not.toContain("\u009b");
});

test("a text that is no UTF-32 is found by verify", async () => {
  const path = newPath();
  const store = new LocalStore(path);
  const dataType = { name: "fixed_length_utf32", configuration: { length_bytes: 4 } } as const;
  createArraySync(store, { shape: [4], chunkShape: [2], dataType }).setSync(null, "a");
  store.setSync("/c/1", Uint8Array.of(97, 0, 0, 0, 0, 0xd8, 0, 0));
  const { status, stdout } = await syncodec("verify", path);
  expect(status).toBe(1);
  expect(stdout).toContain("bad  /c/1  CORRUPT_DATA  Text is not valid UTF-32, in element [1] of the selection");
});

describe.each(namedSamples)("copy of %s", (_, sample) => {
  const { option, type, element } = sample;

  test("keeps data type, fill value and elements to the bit", async () => {
    const [path, copy] = [newPath(), newPath()];
    for (let seed = 0; seed < 3; seed++) {
      const random = generator(seed);
      const fill = element(random);
      const store = new LocalStore(path);
      const options = { shape: [5, 3], chunkShape: [2, 2], dataType: option, overwrite: true };
      createArraySync(store, options);
      // The option takes scalars; the document takes any bits.
      const document = JSON.parse(readFileSync(join(path, "zarr.json"), "utf8"));
      const fillText = formatJson(type.formatFill(fill), 0);
      store.setSync(
        "/zarr.json",
        new TextEncoder().encode(JSON.stringify({ ...document, fill_value: "FILL" }).replace('"FILL"', () => fillText)),
      );
      const bytes = Uint8Array.from(Array.from({ length: 12 }, () => [...element(random)]).flat());
      const source = openArraySync(store);
      source.setSync([[0, 1, 2, 4]], dataOf(type, bytes) as Chunk["data"]);
      const { status, stderr } = await syncodec(
        "copy",
        path,
        copy,
        "--overwrite",
        "--shards=4,4",
        "--serializer=bytes:big",
      );
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      const target = openArraySync(new LocalStore(copy));
      expect(target.dataType).toBe(source.dataType);
      expect(target.dataTypeConfiguration).toEqual(source.dataTypeConfiguration);
      expect(hex(target.metadata.fillValue as Uint8Array)).toBe(hex(fill));
      expect(hex(bytesOfData(type, target.getSync().data as Data))).toBe(
        hex(bytesOfData(type, source.getSync().data as Data)),
      );
    }
  });
});
