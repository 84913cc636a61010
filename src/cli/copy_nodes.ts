/** Creating the nodes of a copy, and filling them. */

import { elementCount } from "../codecs/codec.js";
import { withContext } from "../errors.js";
import {
  ArgumentError,
  type CreateArrayOptions,
  createArraySync,
  createGroupSync,
  MemoryStore,
  type ZarrArray,
} from "../index.js";
import type { ArrayMetadata } from "../metadata/array_metadata.js";
import type { DataType, Elements, Scalar, StructField } from "../metadata/data_type.js";
import { type JsonObject, type JsonValue, toPlain } from "../metadata/json.js";
import { joinKey } from "../metadata/node_path.js";
import type { LocalStore } from "../node.js";
import { copyBlock, planCopy } from "./copy_array.js";
import { attributesWithoutWords, convertFormat } from "./copy_format.js";
import type { Changes } from "./copy_options.js";
import type { Destination } from "./destination.js";
import { changeLayout } from "./layout.js";
import { readTree, walk } from "./nodes.js";
import type { Output } from "./output.js";
import { Progress } from "./progress.js";
import { listStoredKeys, type StoredChunk } from "./stored_chunks.js";

/** The element as an option of `createArray`. Text is what keeps the bits of an unusual NaN. */
function fillValueOption(dataType: DataType, element: Elements): Scalar {
  if (dataType.fields !== undefined && element instanceof Uint8Array) {
    const partOf = ({ offset, dataType }: StructField): Uint8Array =>
      element.subarray(offset, offset + dataType.itemSize);
    return Object.fromEntries(
      dataType.fields.map((field) => [field.name, fillValueOption(field.dataType, partOf(field))]),
    );
  }
  const json = toPlain(dataType.formatFill(element));
  const hasText = (Array.isArray(json) ? json : [json]).some((part) => typeof part === "string");
  return hasText && !dataType.isBoxed ? json : dataType.decodeScalar(element);
}

/** Members that stay JSON values, so that numbers keep every digit and are written as they were. */
function plainMembers(object: JsonObject): Record<string, JsonValue> {
  return Object.fromEntries(object);
}

function createOptions(
  source: ArrayMetadata,
  path: string,
  { layout, fillValue, zarrFormat = source.zarrFormat }: Changes,
): CreateArrayOptions {
  const metadata = convertFormat(source, zarrFormat);
  const { shape, dataType, chunkKeyEncoding, dimensionNames, attributes, hasNullFill } = metadata;
  const { chunkGrid, codecs } = changeLayout(metadata, layout);
  const fill = fillValue === undefined ? metadata.fillValue : dataType.parseFill(fillValue, { field: "--fill-value" });
  return {
    path,
    zarrFormat,
    shape,
    ...(chunkGrid.chunkShape === undefined
      ? { chunkGrid: chunkGrid.axes.map(({ lengths }) => lengths) }
      : { chunkShape: chunkGrid.chunkShape }),
    dataType: { name: dataType.name, configuration: plainMembers(dataType.configuration ?? new Map()) },
    fillValue: hasNullFill && fillValue === undefined ? null : fillValueOption(dataType, fill),
    codecs: codecs.map(({ name, configuration }) => ({ name, configuration: plainMembers(configuration) })),
    chunkKeyEncoding,
    ...(dimensionNames === undefined ? {} : { dimensionNames }),
    attributes: plainMembers(attributes),
  };
}

/** {@link createOptions}, tried out; errors name the source array. */
function checkedOptions({ metadata, path: source }: ZarrArray, path: string, changes: Changes): CreateArrayOptions {
  try {
    const options = createOptions(metadata, path, changes);
    createArraySync(new MemoryStore(), options);
    return options;
  } catch (error) {
    throw withContext(error, { key: joinKey(source, metadata.documentName) });
  }
}

interface PlannedArray {
  readonly kind: "array";
  readonly source: ZarrArray;
  readonly options: CreateArrayOptions;
  readonly stored: readonly StoredChunk[];
  readonly storedBytes: number;
}

interface PlannedGroup {
  readonly kind: "group";
  readonly path: string;
  readonly zarrFormat: 2 | 3;
  readonly attributes: Record<string, JsonValue>;
}

function below(path: string, member: string): string {
  return member === "/" ? path : joinKey(path, member.slice(1));
}

/** Everything that is to be created, parents first. Finds every fault that metadata can have before anything is written. */
export function planNodes(store: LocalStore, path: string, changes: Changes): (PlannedArray | PlannedGroup)[] {
  const { rank } = changes;
  const planned: (PlannedArray | PlannedGroup)[] = [];
  let fitting = 0;
  for (const entry of walk(readTree(store))) {
    if (entry.kind === "unreadable") throw entry.error;
    if (entry.kind === "group") {
      const { path: member, metadata } = entry.group;
      const { zarrFormat = metadata.zarrFormat } = changes;
      const attributes = zarrFormat === 3 ? attributesWithoutWords(metadata.attributes) : metadata.attributes;
      planned.push({ kind: "group", path: below(path, member), zarrFormat, attributes: plainMembers(attributes) });
      continue;
    }
    const source = entry.array;
    const fits = rank === undefined || rank === source.shape.length;
    if (fits) fitting++;
    const options = checkedOptions(
      source,
      below(path, source.path),
      fits ? changes : { ...changes, layout: {}, fillValue: undefined },
    );
    const { chunks, byteLength } = listStoredKeys(source, store);
    planned.push({ kind: "array", source, options, stored: chunks, storedBytes: byteLength });
  }
  if (fitting === 0 && rank !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "No array of the source has as many axes as --chunks or --shards", {
      expected: rank,
    });
  }
  return planned;
}

export interface Totals {
  arrays: number;
  readBytes: number;
  writtenBytes: number;
  uncompressedBytes: number;
}

export function copyNodes(
  planned: readonly (PlannedArray | PlannedGroup)[],
  { store, replace }: Destination,
  stderr: Output,
): Totals {
  const totals: Totals = { arrays: 0, readBytes: 0, writtenBytes: 0, uncompressedBytes: 0 };
  const jobs = [];
  // What the first node replaces goes with everything below it.
  for (const [i, node] of planned.entries()) {
    const overwrite = replace && i === 0;
    if (node.kind === "group") {
      const { path, zarrFormat, attributes } = node;
      createGroupSync(store, { path, zarrFormat, attributes, overwrite });
    } else {
      const { source, options, stored } = node;
      const target = createArraySync(store, { ...options, overwrite });
      jobs.push({ node, target, plan: planCopy(source, target, stored) });
    }
  }
  const progress = new Progress(
    stderr,
    "blocks",
    jobs.reduce((sum, { plan }) => sum + plan.length, 0),
  );
  for (const { node, target, plan } of jobs) {
    const { shape, dataType } = node.source.metadata;
    for (const block of plan.blocks()) progress.advance(copyBlock(node.source, target, block));
    totals.arrays++;
    totals.readBytes += node.storedBytes;
    totals.writtenBytes += listStoredKeys(target, store).byteLength;
    totals.uncompressedBytes += elementCount(shape) * dataType.itemSize;
  }
  progress.clear();
  return totals;
}
