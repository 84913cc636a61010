/** `syncodec copy`: an array, or a group with everything below it, with the same elements in another layout. */

import type { Command } from "./command.js";
import { copyNodes, planNodes, type Totals } from "./copy_nodes.js";
import { parseCopyOptions } from "./copy_options.js";
import { checkDestination } from "./destination.js";
import { count, formatBytes, formatRatio, formatSeconds } from "./format.js";
import { openLocalStore } from "./nodes.js";

function summaryLine({ arrays, readBytes, writtenBytes, uncompressedBytes }: Totals, milliseconds: number): string {
  return [
    count(arrays, "array"),
    `read ${formatBytes(readBytes)}`,
    `wrote ${formatBytes(writtenBytes)}`,
    `ratio ${formatRatio(uncompressedBytes, writtenBytes)} of ${formatBytes(uncompressedBytes)}`,
    formatSeconds(milliseconds),
  ].join(", ");
}

export const copyCommand: Command = {
  name: "copy",
  summary: "copy an array or a group, with other chunks, shards or codecs",
  help: `Usage: syncodec copy SRC DST [options]

Copies the array in the directory SRC, or the group with everything below it, into the directory DST.
What no option changes stays as it is: shape, data type, chunks, shards, codecs, fill value, dimension names,
attributes. Of a group's arrays, those change whose number of axes fits --chunks and --shards.

Options:
  --chunks 64,64          chunk shape; with shards, that of the inner chunks
  --shards 256,256|none   shard shape, or no shards
  --codecs LIST           all codecs, with shards those of the inner chunks
  --filters LIST          or only the array-to-array codecs,
  --serializer CODEC      the array-to-bytes codec,
  --compressors LIST      the bytes-to-bytes codecs
  --index-location WHERE  start or end: where shards keep their index
  --fill-value VALUE      another fill value; the elements stay the same
  --path PATH             place of the copy in the hierarchy DST (default /)
  --zarr-format 2|3       format of the copy (default: that of each node)
  --overwrite             replace what is at the destination

LIST is a JSON array as in zarr.json, names with commas between them, such as zstd:3,crc32c, or none.

From Zarr v2 to v3, codecs get their names in v3 where they have one; the attribute _ARRAY_DIMENSIONS becomes
the dimension names, and back; a fill value that v2 leaves open becomes zero, false or empty; NaN and Infinity
in attributes become strings. Zarr v2 has no shards (--shards none), and no codecs that numcodecs does not have.`,

  async run(args, { stdout, stderr }) {
    const { changes, path, overwrite, source, destination } = parseCopyOptions(args);
    const started = performance.now();
    const store = openLocalStore(source);
    const target = checkDestination(store, destination, path, overwrite);
    const totals = copyNodes(planNodes(store, target.path, changes), target, stderr);
    await stdout.write(`${summaryLine(totals, performance.now() - started)}\n`);
    return 0;
  },
};
