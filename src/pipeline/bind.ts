/**
 * Binding: a list of codecs from a metadata document becomes a chain with every size fixed. Runs once per array and distinct chunk shape.
 */

import {
  type BindCodecs,
  type BoundChain,
  type BoundCodec,
  type BoundStep,
  type ChunkSpec,
  type Codec,
  elementCount,
} from "../codecs/codec.js";
import { builtInCodecs, lazyCodecs } from "../codecs/index.js";
import { codecNames, findBuiltIn, findCodec } from "../codecs/registry.js";
import type { BoundShard } from "../codecs/sharding_indexed.js";
import { MetadataError } from "../errors.js";
import type { DataType, DataTypeName } from "../metadata/data_type.js";
import { at, type NamedConfiguration, type Where } from "../metadata/validate.js";
import { whenLoaded } from "../part.js";
import { loadMemory, type Memory, type Span } from "../wasm/memory.js";
import { rememberOrigin } from "./steps_origin.js";

/** Shards within shards beyond this depth are refused. */
const maximumNesting = 8;
/** Linear memory and typed arrays end at 4 GiB; a chunk has to fit in them beside its encoded form. */
const maximumChunkBytes = 2 ** 31;

/** Looks a codec up by its name. */
export type FindCodec = (name: string) => Codec | undefined;

function requireCodec({ name }: NamedConfiguration, { key }: Where, find: FindCodec = findCodec): Codec {
  const codec = find(name);
  if (codec === undefined) {
    throw new MetadataError("UNKNOWN_CODEC", `Unknown codec "${name}"`, {
      expected: `one of ${codecNames().join(", ")}`,
      key,
    });
  }
  return codec;
}

function isShard(bound: BoundCodec | BoundShard): bound is BoundShard {
  return bound.place === "shard";
}

/** Loads every built-in codec that has something to load, or the named ones. */
export async function loadCodecs(names?: readonly string[]): Promise<void> {
  const find = (name: string) => () => {
    // Also where a user's codec has its name: the configuration of new arrays has the defaults of the built-in one.
    findBuiltIn(name);
    return requireCodec({ name, configuration: new Map(), mustUnderstand: true }, { field: "codecs" });
  };
  if (names !== undefined) {
    await Promise.all(names.map(async (name) => (await whenLoaded(find(name))).load?.()));
    return;
  }
  await Promise.all(lazyCodecs.map(({ codecs }) => codecs.load()));
  const all = [...builtInCodecs, ...lazyCodecs.flatMap(({ codecs }) => codecs.get())];
  await Promise.all(all.map((codec) => codec.load?.()));
}

/** Stands in where a list names no array-to-bytes codec, as in documents written before the specification was final. */
export function defaultSerializer({ name }: DataType): NamedConfiguration {
  const serializers: Partial<Record<DataTypeName, string>> = {
    string: "vlen-utf8",
    bytes: "vlen-bytes",
    json: "numcodecs.json2",
  };
  return { name: serializers[name] ?? "bytes", configuration: new Map(), mustUnderstand: true };
}

/** `codecs` with an array-to-bytes codec, the default one for `dataType` where they have none. */
export function withSerializer(
  codecs: readonly NamedConfiguration[],
  dataType: DataType,
  where: Where,
  find?: FindCodec,
): NamedConfiguration[] {
  const kinds = codecs.map((named, i) => requireCodec(named, at(where, i), find).kind);
  if (kinds.includes("array_to_bytes")) return [...codecs];
  const first = kinds.indexOf("bytes_to_bytes");
  return codecs.toSpliced(first < 0 ? codecs.length : first, 0, defaultSerializer(dataType));
}

/** Binds `codecs` for chunks of `spec`. Throws a `MetadataError` for an unknown codec, a chain in the wrong order, or a bad configuration. */
export function bindCodecs(
  codecs: readonly NamedConfiguration[],
  spec: ChunkSpec,
  where: Where,
  find?: FindCodec,
): BoundChain {
  return bindAtDepth(codecs, spec, where, find, 0);
}

function bindAtDepth(
  codecs: readonly NamedConfiguration[],
  spec: ChunkSpec,
  where: Where,
  find: FindCodec | undefined,
  depth: number,
): BoundChain {
  if (depth > maximumNesting) {
    throw new MetadataError("UNSUPPORTED", "Shards are nested too deeply", {
      expected: `at most ${maximumNesting} levels`,
      key: where.key,
    });
  }
  const byteLength = elementCount(spec.shape) * spec.dataType.itemSize;
  const bindInner: BindCodecs = (inner, innerSpec, innerWhere) =>
    bindAtDepth(inner, innerSpec, innerWhere, find, depth + 1);

  const loads: (() => Promise<void> | undefined)[] = [];
  const arraySteps: BoundStep[] = [];
  const byteSteps: BoundStep[] = [];
  let shard: BoundShard | undefined;
  let encodedSize: BoundChain["encodedSize"] | undefined;
  let current = spec;
  let isBuiltIn = true;
  withSerializer(codecs, spec.dataType, where, find).forEach((named, i) => {
    const inside = named.where ?? at(at(where, i), "configuration");
    const codec = requireCodec(named, where, find);
    isBuiltIn &&= findBuiltIn(codec.name) === codec;
    if (codec.kind === "bytes_to_bytes") {
      if (encodedSize === undefined) throw wrongOrder(codec, "an array-to-bytes codec must stand before it", where);
      const configured = codec.configure(named.configuration, inside);
      loads.push(() => (configured.load === undefined ? codec.load?.() : configured.load()));
      const bound = configured.bind(encodedSize, current.dataType.itemSize);
      if (bound.place !== "identity") byteSteps.push(bound);
      encodedSize = bound.encodedSize;
      return;
    }
    loads.push(() => codec.load?.());
    if (encodedSize !== undefined)
      throw wrongOrder(codec, "only bytes-to-bytes codecs may follow the array-to-bytes codec", where);
    if (codec.kind === "array_to_array") {
      const { codec: bound, encoded } = codec.configure(named.configuration, inside).bind(current);
      if (bound.place !== "identity") arraySteps.push(bound);
      current = encoded;
      return;
    }
    const bound = codec.configure(named.configuration, inside).bind(current, bindInner);
    if (isShard(bound)) shard = bound;
    else if (bound.place !== "identity") byteSteps.push(bound);
    encodedSize = bound.encodedSize;
  });
  if (shard === undefined) {
    if (byteLength > maximumChunkBytes) {
      throw new MetadataError("UNSUPPORTED", "Chunk is too large", {
        expected: `at most ${maximumChunkBytes} bytes`,
        found: byteLength,
        key: where.key,
      });
    }
    byteSteps.unshift(...arraySteps.splice(0));
  } else if (arraySteps.length === 0 && shard.spec.shape.some((length, axis) => length !== spec.shape[axis])) {
    arraySteps.push(axesOnly(byteLength, spec.dataType));
  }
  const isSync =
    [...arraySteps, ...byteSteps].every(({ place }) => place !== "async") &&
    (shard === undefined || (shard.inner.isSync && shard.index.isSync));
  const chain: BoundChain = {
    spec,
    byteLength,
    arraySteps,
    shard,
    byteSteps,
    encodedSize: encodedSize!,
    isSync,
    load: once(async () => {
      await Promise.all([loadMemory(), ...loads.map((load) => load()), shard?.inner.load(), shard?.index.load()]);
    }),
  };
  if (isBuiltIn && isSync) rememberOrigin(chain, codecs);
  return chain;
}

/** Runs `load` once for all callers, and again after a failure. */
function once(load: () => Promise<void>): () => Promise<void> {
  let loading: Promise<void> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** Transposes of axes of length 1 move no bytes, but the shard behind them has another shape than the chunk, and selections must not reach it. */
function axesOnly(bytes: number, { variable }: DataType): BoundStep {
  const size = { kind: "fixed", bytes } as const;
  if (variable) {
    const copy = (elements: unknown[]): unknown[] => elements.slice();
    return { name: "transpose", place: "elements", decodedSize: size, encodedSize: size, encode: copy, decode: copy };
  }
  const same = (_: Memory, span: Span): Span => span;
  return { name: "transpose", place: "wasm", decodedSize: size, encodedSize: size, encode: same, decode: same };
}

function wrongOrder({ name }: Codec, rule: string, { field, key }: Where): MetadataError {
  return new MetadataError("INVALID_METADATA", `Invalid ${field}: codec "${name}" is out of place, ${rule}`, { key });
}
