/** `syncodec dump`: every element of an array, one a line. */

import { elementCount } from "../codecs/codec.js";
import { ChunkGrid } from "../grid/chunk_grid.js";
import type { ZarrArray } from "../index.js";
import { blocksOf, readBlock, slabShape } from "./blocks.js";
import { type Command, expectPositionals, parseArguments, parseFormat } from "./command.js";
import { elementFormatter } from "./element_text.js";
import { innerShapes } from "./inner_shapes.js";
import { openLocalArray } from "./nodes.js";
import type { Output } from "./output.js";

/** Elements per write: some 100 KB of text. A write per element would take ten times as long. */
const elementsPerWrite = 8192;

/** Writes all elements in C order, holding no more than a slab of the array. */
export async function dumpArray(array: ZarrArray, output: Output): Promise<void> {
  const { shape, chunkGrid, codecs, dataType } = array.metadata;
  // With codecs around it a shard is decoded as a whole: then there is nothing to gain at the borders of its inner chunks.
  const inner = codecs.length === 1 ? innerShapes(codecs).slice(0, 1) : [];
  // Slabs of one length cannot end where chunks of several lengths do.
  const units = chunkGrid.chunkShape === undefined ? inner : [chunkGrid.chunkShape, ...inner];
  for (const block of blocksOf(shape, new ChunkGrid(slabShape(shape, units, dataType.itemSize)))) {
    const count = elementCount(block.shape);
    const format = elementFormatter(dataType, readBlock(array, block).data);
    for (let start = 0; start < count; start += elementsPerWrite) {
      await output.write(format(start, Math.min(start + elementsPerWrite, count)));
    }
  }
}

export const dumpCommand: Command = {
  name: "dump",
  summary: "print every element of an array, one a line",
  help: `Usage: syncodec dump PATH
       syncodec dump --array_path=PATH [--zarr_format=2|3]

Prints every element of the array in the directory PATH in C order, one a line: numbers as JavaScript
prints the double, 64-bit integers and times in decimal, booleans as true and false, and what JSON has no
number for in quotes: "NaN", "Infinity", "-Infinity". The sign of -0 is kept. Complex numbers are [re,im],
texts JSON strings, bytes base64 in quotes, structs JSON objects.

Options:
  --array_path PATH   the array, instead of PATH
  --zarr_format 2|3   which metadata to read; by default Zarr v3 where both are there`,

  async run(args, { stdout }) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: { array_path: { type: "string" }, zarr_format: { type: "string" } },
    });
    const { array_path: arrayPath, zarr_format: format } = values;
    const paths = arrayPath === undefined ? positionals : [arrayPath, ...positionals];
    expectPositionals(paths, ["PATH"]);
    await dumpArray(openLocalArray(paths[0]!, parseFormat(format, "zarr_format")), stdout);
    return 0;
  },
};
