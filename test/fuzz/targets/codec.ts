/**
 * One target for every built-in codec, over its sample configurations and data types: encoded bytes of one chunk, changed. Input: number of
 * the variant (u8), then the bytes.
 *
 * Each input is decoded by the pipeline twice, with different bytes lying about in linear memory, and, step by step, by both builds of the
 * kernels between guard bytes. All must agree.
 */

import fc from "fast-check";
import type { DataOf } from "../../../src/chunk.js";
import { CodecPipeline } from "../../../src/codec_pipeline.js";
import {
  type BoundChain,
  type BoundStep,
  type Data,
  elementCount,
  isSpan,
  lengthOf,
} from "../../../src/codecs/codec.js";
import { builtInCodecs } from "../../../src/codecs/index.js";
import { type CodecOption, type DataTypeName, init } from "../../../src/index.js";
import type { DataType } from "../../../src/metadata/data_type.js";
import { fromPlain } from "../../../src/metadata/json.js";
import { parseNamed } from "../../../src/metadata/validate.js";
import { jsonType, variableTypes } from "../../../src/metadata/variable_types.js";
import { bindCodecs } from "../../../src/pipeline/bind.js";
import { type Memory, useMemory } from "../../../src/wasm/memory.js";
import { chainOf, codecSamples, variableCodecSamples } from "../../codecs/samples.js";
import type { Random } from "../../model/random.js";
import { bytesOfData, dataOf, namedSamples, numericSamples, type Sample } from "../../support/data_types.js";
import { guardedMemories } from "../guarded_memory.js";
import { mutateBytes, splice } from "../mutate.js";
import { attempt, check, checkBytes, dataCodes, elementBytes, Find, progressOf, type Target } from "../target.js";
import { type Oracle, oracles } from "./oracles.js";
import { repairs } from "./repairs.js";

interface Variant {
  readonly pipeline: CodecPipeline;
  readonly chain: BoundChain;
  /** The users' array of random elements. */
  elements(random: Random): DataOf<DataTypeName>;
}

const small = [2, 3];
const shapes = [[], [7], [5, 4], [30, 40]];
/** Configurations besides the small one. */
const sampleCount = 6;
/** The number of a variant is one byte. */
const variantCount = 256;

function bind(codecs: readonly CodecOption[], shape: readonly number[], dataType: DataType): BoundChain | undefined {
  const named = codecs.map((option) => parseNamed(fromPlain(option), { field: "" }));
  try {
    return bindCodecs(named, { shape, dataType, fillValue: dataType.defaultFill() }, { field: "codecs" });
  } catch {
    // Not every codec takes every data type.
    return undefined;
  }
}

/** Random elements; often with runs, so that compressors find something. */
function randomElements({ type, element }: Sample, count: number, random: Random): DataOf<DataTypeName> {
  const bytes = new Uint8Array(count * type.itemSize);
  const period = random.pick([1, 3, 7, count + 1]) * type.itemSize;
  for (let at = 0; at < bytes.length; at += type.itemSize) {
    if (at >= period) bytes.copyWithin(at, at - period, at - period + type.itemSize);
    else bytes.set(random.chance(0.1) ? new Uint8Array(type.itemSize) : element(() => random.next() >>> 8), at);
  }
  return dataOf(type, bytes) as DataOf<DataTypeName>;
}

function variantOf(codecs: readonly CodecOption[], shape: readonly number[], sample: Sample): Variant[] {
  const chain = bind(codecs, shape, sample.type);
  if (chain === undefined) return [];
  const count = elementCount(shape);
  return [{ pipeline: new CodecPipeline(chain), chain, elements: (random) => randomElements(sample, count, random) }];
}

function variantsOf(name: string): readonly Variant[] {
  const samples = codecSamples[name];
  if (samples === undefined) return variableVariantsOf(name);
  const names = samples.dataTypes === undefined ? undefined : [...new Set(samples.dataTypes)];
  const numeric = numericSamples.filter(([dataType]) => names === undefined || names.includes(dataType));
  const others = names === undefined ? namedSamples : [];
  const first = [...numeric, ...others].flatMap(([, sample]) => variantOf(chainOf(name, samples.small), small, sample));
  const more = shapes.flatMap((shape, number) =>
    Array.from({ length: sampleCount }, (_, i) => {
      const [dataType, sample] = numeric[(number * sampleCount + i) % numeric.length]!;
      const [configuration] = fc.sample(samples.good(shape, dataType), { numRuns: 1, seed: number * sampleCount + i });
      return variantOf(chainOf(name, configuration!), shape, sample);
    }).flat(),
  );
  return [...first, ...more].slice(0, variantCount);
}

/** A codec of elements of variable size: by itself, behind a transpose, and in a shard, whose index has no checksum. */
function variableVariantsOf(name: string): readonly Variant[] {
  const { dataType: typeName, value } = variableCodecSamples[name]!;
  const dataType = variableTypes.find((type) => type.name === typeName) ?? jsonType;
  const order = { name: "transpose", configuration: { order: [1, 0] } };
  const shard = { chunk_shape: [1, 3], codecs: [name], index_codecs: ["bytes"] };
  const chains: readonly (readonly [readonly CodecOption[], readonly number[]])[] = [
    ...[...shapes, small, [1], [1, 1, 1]].map((shape) => [[name], shape] as const),
    [[order, name], small],
    [[{ name: "sharding_indexed", configuration: shard }], small],
  ];
  return chains.flatMap(([codecs, shape]) => {
    const chain = bind(codecs, shape, dataType);
    if (chain === undefined) return [];
    const numRuns = elementCount(shape);
    const elements = (random: Random) => fc.sample(value, { numRuns, seed: random.next() }) as DataOf<"json">;
    return [{ pipeline: new CodecPipeline(chain), chain, elements }];
  });
}

/** Leaves `value` wherever linear memory is free. */
function litter(value: number): void {
  useMemory((memory) => memory.view(memory.allocate(1 << 16)).fill(value));
}

/** Runs the steps one by one; the bytes are copied to where the next step takes them. */
function decodeSteps(memory: Memory, steps: readonly BoundStep[], encoded: Uint8Array): Uint8Array {
  return memory.scope(() => {
    let data: Data = encoded;
    for (const step of [...steps].reverse()) {
      if (step.encodedSize.kind === "fixed" && step.encodedSize.bytes !== lengthOf(data)) return new Uint8Array(0);
      if (Array.isArray(data) || (step.place !== "heap" && step.place !== "wasm"))
        throw new Find(`a step that runs in "${step.place}" among bytes of elements of fixed size`);
      if (step.place === "heap") data = step.decode(isSpan(data) ? memory.read(data) : data);
      else {
        const input = isSpan(data) ? data : memory.write(data);
        const before = memory.read(input);
        data = step.decode(memory, input);
        checkBytes(memory.read(input), before, `what ${step.name} decodes from`);
      }
    }
    if (Array.isArray(data)) throw new Find("elements of variable size");
    return isSpan(data) ? memory.read(data) : data.slice();
  });
}

function checkKernels(chain: BoundChain, encoded: Uint8Array, decoded: Uint8Array | undefined): void {
  const { byteSteps, byteLength } = chain;
  for (const memory of guardedMemories) {
    const { value } = attempt(dataCodes, () => decodeSteps(memory, byteSteps, encoded));
    if (decoded !== undefined) checkBytes(value ?? new Uint8Array(0), decoded, "what a build of the kernels decodes");
    else
      check(
        value === undefined || value.byteLength !== byteLength,
        "a build of the kernels accepts what the pipeline refuses",
      );
  }
}

/** The elements of a users' array as bytes; of variable size, as JSON. */
function bytesOfElements({ chain }: Variant, data: DataOf<DataTypeName>): Uint8Array {
  const { dataType } = chain.spec;
  return dataType.variable ? elementBytes(data) : bytesOfData(dataType, data);
}

async function run(variant: Variant, encoded: Uint8Array, oracle: Oracle | undefined): Promise<string> {
  const { pipeline, chain } = variant;
  const { dataType, shape } = chain.spec;
  // At an odd address, between other bytes.
  const around = new Uint8Array(encoded.length + 5).fill(0xee);
  around.set(encoded, 3);
  litter(0x00);
  const first = attempt(dataCodes, () => pipeline.decodeSync(around.subarray(3, encoded.length + 3)));
  checkBytes(around.subarray(3, encoded.length + 3), encoded, "the input after decoding");
  litter(0xff);
  const second = attempt(dataCodes, () => pipeline.decodeSync(encoded));
  const decoded = first.value && bytesOfElements(variant, first.value.data);
  if (decoded === undefined || second.value === undefined)
    check(
      second.error?.message === first.error?.message,
      `once ${first.error?.message}, then ${second.error?.message}`,
    );
  else {
    checkBytes(bytesOfElements(variant, second.value.data), decoded, "decoded again");
    check(`${first.value?.shape}` === `${shape}`, `shape ${first.value?.shape}`);
    const { data } = second.value;
    const again = attempt(["INVALID_ARGUMENT"], () => pipeline.encodeSync(data, { writeEmptyChunks: true }));
    if (again.value !== undefined) {
      const back = bytesOfElements(variant, pipeline.decodeSync(again.value).data);
      if (dataType.variable) checkBytes(back, decoded, "encoded and decoded again");
    }
  }
  if (chain.shard === undefined && !dataType.variable && !dataType.isBoxed) {
    checkKernels(chain, encoded, decoded);
    await oracle?.(encoded, decoded, chain);
  } else if (dataType.variable && chain.shard === undefined) await oracle?.(encoded, decoded, chain);
  return progressOf(first);
}

function targetOf(name: string): Target {
  let variants: readonly Variant[] = [];
  let good: readonly { readonly variant: Variant; readonly elements: Uint8Array; readonly encoded: Uint8Array }[] = [];
  const variantOf = (number: number | undefined): Variant => variants[(number ?? 0) % variants.length]!;
  const oracle = oracles[name];
  const repair = repairs[name];
  return {
    name: `codec:${name}`,
    async prepare() {
      await init();
      variants = variantsOf(name);
      check(variants.length > 0, `no samples for ${name}`);
    },
    seeds(random) {
      good = variants.map((variant) => {
        const encoded = variant.pipeline.encodeSync(variant.elements(random), { writeEmptyChunks: true })!;
        const elements = bytesOfElements(variant, variant.pipeline.decodeSync(encoded).data);
        return { variant, elements, encoded };
      });
      return good.map(({ encoded }, number) => splice(encoded, 0, 0, [number]));
    },
    mutate(input, other, random) {
      const bytes = mutateBytes(input.subarray(1), other.subarray(1), random);
      const number = random.chance(0.95) ? (input[0] ?? 0) : random.integer(0, 255);
      const { chain } = variantOf(number);
      const repaired = repair !== undefined && random.chance(0.5) ? repair(bytes, chain, random) : bytes;
      return splice(repaired, 0, 0, [number]);
    },
    run: (input) => run(variantOf(input[0]), input.subarray(1), oracle),
    canary() {
      for (const { variant, elements, encoded } of good.slice(0, 12))
        checkBytes(bytesOfElements(variant, variant.pipeline.decodeSync(encoded).data), elements, "a good chunk");
    },
  };
}

export const codecTargets: readonly Target[] = builtInCodecs.map(({ name }) => targetOf(name));
