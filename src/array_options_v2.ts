/** From the options of `createArray` to the documents of Zarr v2. */

import { type CodecOption, type CreateArrayOptions, fillValueElement, withDefaults } from "./array_options.js";
import { findBuiltIn, findCodec } from "./codecs/registry.js";
import { ArgumentError } from "./errors.js";
import type { ArrayMetadata } from "./metadata/array_metadata.js";
import { formatArrayMetadataV2, parseArrayMetadataV2 } from "./metadata/array_metadata_v2.js";
import { type ChainParts, codecName, isReversed, objectFilters } from "./metadata/chain_v2.js";
import { type DataType, dataTypeFromOption } from "./metadata/data_type.js";
import { fromPlain } from "./metadata/json.js";
import { joinKey, normalizePath } from "./metadata/node_path.js";
import { toNumcodecs } from "./metadata/numcodecs_names.js";
import { at, expectOneOf, type NamedConfiguration, parseNamed, unsupported, type Where } from "./metadata/validate.js";
import { jsonType } from "./metadata/variable_types.js";
import { attributesFromPlain, numbersFromOption } from "./plain_options.js";

/** A codec of the options, under the name that it has in the chain of an array of Zarr v2, with its defaults. */
interface Filter extends NamedConfiguration {
  /** Whether it makes bytes of bytes, as far as is known. */
  readonly isCompressor: boolean;
}

function toFilter(named: NamedConfiguration, dataType: DataType, where: Where): Filter {
  const numcodecs = toNumcodecs(named);
  const name = codecName(numcodecs.name.replace(/^numcodecs\./, ""));
  const codec = findCodec(name);
  if (codec === undefined && findBuiltIn(named.name) !== undefined) {
    throw unsupported(`codec "${named.name}" in Zarr v2`, where, "one of numcodecs");
  }
  const { configuration } = withDefaults({ ...numcodecs, name: codec?.name ?? name }, dataType);
  return { ...numcodecs, name, configuration, isCompressor: codec === undefined || codec.kind === "bytes_to_bytes" };
}

/** What the options say about the chain, apart from what belongs to the data type. */
interface Collected {
  isTransposed: boolean;
  byteOrder: "little" | "big";
  readonly filters: Filter[];
}

function collect(
  list: readonly { readonly option: CodecOption; readonly where: Where }[],
  dataType: DataType,
  rank: number,
): Collected {
  const collected: Collected = { isTransposed: false, byteOrder: "little", filters: [] };
  for (const { option, where } of list) {
    const named = parseNamed(fromPlain(option), where);
    const inside = at(where, "configuration");
    switch (named.name) {
      case "sharding_indexed":
        throw new ArgumentError("INVALID_ARGUMENT", "Zarr v2 has no shards");
      case "bytes": {
        const endian = named.configuration.get("endian") ?? "little";
        collected.byteOrder = expectOneOf(endian, ["little", "big"], at(inside, "endian"));
        break;
      }
      case "transpose":
        if (collected.isTransposed || collected.filters.length > 0 || !isReversed(named.configuration, rank)) {
          throw unsupported("transpose in Zarr v2", where, "all axes from last to first, before everything else");
        }
        collected.isTransposed = true;
        break;
      default:
        collected.filters.push(toFilter(named, dataType, inside));
    }
  }
  return collected;
}

/** The options in encoding order, each with its name for messages. */
function listOptions({ codecs, filters, serializer, compressors }: CreateArrayOptions) {
  const all = (options: readonly CodecOption[] | undefined, name: string) =>
    (options ?? []).map((option, i) => ({ option, where: { field: `${name}[${i}]` } }));
  const own = serializer === undefined ? [] : [{ option: serializer, where: { field: "serializer" } }];
  return [...all(codecs, "codecs"), ...all(filters, "filters"), ...own, ...all(compressors, "compressors")];
}

/** The filter that makes bytes of the elements, where they are of variable size and no filter does. */
function objectFilter(dataType: DataType, filters: readonly Filter[]): Filter[] {
  const objects = [...objectFilters].map(([id, type]) => ({ name: codecName(id), type }));
  if (!dataType.variable || filters.some(({ name }) => objects.some((each) => each.name === name))) return [];
  return objects
    .filter(({ type }) => type === dataType.name)
    .map(({ name }) => ({ name, configuration: new Map(), mustUnderstand: true, isCompressor: false }));
}

function chainOf(options: CreateArrayOptions, dataType: DataType, rank: number): ChainParts {
  const { codecs, filters, serializer, compressors, memoryLayout } = options;
  if (codecs !== undefined && (filters ?? serializer ?? compressors) !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "Pass either codecs, or filters, serializer and compressors");
  }
  if (compressors !== undefined && compressors.length > 1) {
    throw new ArgumentError("INVALID_ARGUMENT", "Zarr v2 has one compressor: pass the others as filters", {
      found: compressors.length,
    });
  }
  const { isTransposed, byteOrder, filters: list } = collect(listOptions(options), dataType, rank);
  if (isTransposed && memoryLayout !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "Pass either memoryLayout or the codec transpose");
  }
  const hasCompressor = list.at(-1)?.isCompressor === true && (codecs ?? compressors ?? []).length > 0;
  const own = hasCompressor ? list.slice(0, -1) : list;
  const first = own.findIndex(({ isCompressor }) => isCompressor);
  return {
    order: memoryLayout ?? (isTransposed ? "F" : "C"),
    byteOrder,
    filters: own.toSpliced(first < 0 ? own.length : first, 0, ...objectFilter(dataType, own)),
    compressor: hasCompressor ? list.at(-1) : undefined,
  };
}

/** Throws for what Zarr v2 cannot record. */
function checkOptions(options: CreateArrayOptions): void {
  const { chunkGrid, shardShape, shardGrid, indexLocation, indexCodecs, dimensionNames, chunkKeyEncoding } = options;
  if ([shardShape, shardGrid, indexLocation, indexCodecs].some((option) => option !== undefined)) {
    throw new ArgumentError("INVALID_ARGUMENT", "Zarr v2 has no shards");
  }
  if (chunkGrid !== undefined) {
    throw new ArgumentError(
      "INVALID_ARGUMENT",
      "Zarr v2 has chunks of one shape: pass chunkShape instead of chunkGrid",
    );
  }
  if (dimensionNames !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "Zarr v2 has no dimension names", {
      expected: "none, or attributes by a convention of your own, such as xarray's _ARRAY_DIMENSIONS",
    });
  }
  if (chunkKeyEncoding !== undefined && chunkKeyEncoding.name !== "v2") {
    throw new ArgumentError("INVALID_ARGUMENT", "Invalid chunkKeyEncoding for Zarr v2", {
      expected: '"v2"',
      found: `"${chunkKeyEncoding.name}"`,
    });
  }
}

function typeOf({ dataType }: CreateArrayOptions): DataType {
  const name = typeof dataType === "string" ? dataType : dataType.name;
  return name === "json" ? jsonType : dataTypeFromOption(dataType);
}

/** Metadata of the array that `options` ask for; checked as strictly as a stored document. */
export function metadataFromOptionsV2(options: CreateArrayOptions): ArrayMetadata {
  checkOptions(options);
  const { fillValue, chunkKeyEncoding, attributes = {} } = options;
  const shape = numbersFromOption(options.shape, "shape");
  const dataType = typeOf(options);
  const path = normalizePath(options.path ?? "/");
  const where = { field: "", key: joinKey(path, ".zarray") };
  const document = formatArrayMetadataV2(
    {
      shape,
      chunkShape: numbersFromOption(options.chunkShape, "chunkShape"),
      dataType,
      fillValue: fillValue === null ? null : fillValueElement(dataType, fillValue),
      separator: chunkKeyEncoding?.separator ?? ".",
      ...chainOf(options, dataType, shape.length),
    },
    where,
  );
  const attributesWhere = { field: "", key: joinKey(path, ".zattrs") };
  return parseArrayMetadataV2(document, attributesFromPlain(attributes, 2), where, attributesWhere);
}
