/**
 * One target for every built-in codec, over its sample configurations: encoded bytes of one chunk, changed. Input: number of the variant (u8),
 * then the bytes.
 *
 * Each input is decoded by the pipeline twice, with different bytes lying about in linear memory, and, step by step, by both builds of the
 * kernels between guard bytes. All must agree.
 */

import fc from "fast-check";
import type { BoundChain, BoundStep, Bytes } from "../../../src/codecs/codec.js";
import { isSpan } from "../../../src/codecs/codec.js";
import { builtInCodecs } from "../../../src/codecs/index.js";
import { type CodecPipeline, createCodecPipeline, type DataTypeName, init } from "../../../src/index.js";
import { dataTypeByName, dataTypes } from "../../../src/metadata/data_type.js";
import { fromPlain } from "../../../src/metadata/json.js";
import { parseNamed } from "../../../src/metadata/validate.js";
import { bindCodecs } from "../../../src/pipeline/bind.js";
import { type Memory, useMemory } from "../../../src/wasm/memory.js";
import { type Configuration, chainOf, codecSamples } from "../../codecs/samples.js";
import type { Random } from "../../model/random.js";
import { guardedMemories } from "../guarded_memory.js";
import { mutateBytes, splice } from "../mutate.js";
import { attempt, check, checkBytes, dataCodes, elementBytes, progressOf, type Target } from "../target.js";
import { type Oracle, oracles } from "./oracles.js";
import { repairs } from "./repairs.js";

interface Variant {
  readonly pipeline: CodecPipeline;
  readonly chain: BoundChain;
  readonly shape: readonly number[];
  readonly dataType: DataTypeName;
}

const small = [2, 3];
const shapes = [[], [7], [5, 4], [30, 40]];
/** Configurations besides the small one. */
const sampleCount = 6;

function bind(name: string, configuration: Configuration, shape: readonly number[], dataType: DataTypeName): Variant[] {
  const codecs = chainOf(name, configuration);
  const type = dataTypeByName(dataType);
  const spec = { shape, dataType: type, fillValue: type.defaultFill() };
  try {
    const chain = bindCodecs(
      codecs.map((option) => parseNamed(fromPlain(option), { field: "" })),
      spec,
      { field: "codecs" },
    );
    return [{ pipeline: createCodecPipeline({ shape, dataType, codecs }), chain, shape, dataType }];
  } catch {
    // Not every codec takes every data type.
    return [];
  }
}

function variantsOf(name: string): readonly Variant[] {
  const samples = codecSamples[name]!;
  const names = dataTypes.map((each) => each.name);
  const first = names.flatMap((dataType) => bind(name, samples.small, small, dataType));
  const others = shapes.flatMap((shape, number) =>
    fc
      .sample(samples.good(shape), { numRuns: sampleCount, seed: number })
      .flatMap((configuration, i) =>
        bind(name, configuration, shape, names[(number * sampleCount + i) % names.length]!),
      ),
  );
  return [...first, ...others].slice(0, 256);
}

/** A chunk of random elements; often with runs, so that compressors find something. */
function randomChunk({ dataType, shape }: Variant, random: Random): Uint8Array {
  const { itemSize } = dataTypeByName(dataType);
  const bytes = new Uint8Array(shape.reduce((product, length) => product * length, 1) * itemSize);
  const period = random.pick([1, itemSize, 7, bytes.length + 1]);
  return bytes.map(
    (_, i) => (dataType === "bool" ? 1 : 255) & (i < period ? random.integer(0, 255) : bytes[i % period]!),
  );
}

function encode(variant: Variant, elements: Uint8Array): Uint8Array {
  const { itemSize, view } = dataTypeByName(variant.dataType);
  const array = view(elements.slice().buffer, 0, elements.length / itemSize);
  return variant.pipeline.encodeSync(array as Uint8Array, { writeEmptyChunks: true })!;
}

/** Leaves `value` wherever linear memory is free. */
function litter(value: number): void {
  useMemory((memory) => memory.view(memory.allocate(1 << 16)).fill(value));
}

/** Runs the steps one by one; the bytes are copied to where the next step takes them. */
function decodeSteps(memory: Memory, steps: readonly BoundStep[], encoded: Uint8Array): Uint8Array {
  return memory.scope(() => {
    let bytes: Bytes = encoded;
    for (const step of [...steps].reverse()) {
      if (step.encodedSize.kind === "fixed" && step.encodedSize.bytes !== bytes.byteLength) return new Uint8Array(0);
      if (step.place === "heap") bytes = step.decode(isSpan(bytes) ? memory.read(bytes) : bytes);
      else if (step.place === "wasm") {
        const input = isSpan(bytes) ? bytes : memory.write(bytes);
        const before = memory.read(input);
        bytes = step.decode(memory, input);
        checkBytes(memory.read(input), before, `what ${step.name} decodes from`);
      }
    }
    return isSpan(bytes) ? memory.read(bytes) : bytes.slice();
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

function run({ pipeline, chain }: Variant, encoded: Uint8Array, oracle: Oracle | undefined): string {
  // At an odd address, between other bytes.
  const around = new Uint8Array(encoded.length + 5).fill(0xee);
  around.set(encoded, 3);
  litter(0x00);
  const first = attempt(dataCodes, () => pipeline.decodeSync(around.subarray(3, encoded.length + 3)));
  checkBytes(around.subarray(3, encoded.length + 3), encoded, "the input after decoding");
  litter(0xff);
  const second = attempt(dataCodes, () => pipeline.decodeSync(encoded));
  const decoded = first.value && elementBytes(first.value.data);
  if (decoded === undefined || second.value === undefined)
    check(
      second.error?.message === first.error?.message,
      `once ${first.error?.message}, then ${second.error?.message}`,
    );
  else {
    checkBytes(elementBytes(second.value.data), decoded, "decoded again");
    check(`${first.value?.shape}` === `${chain.spec.shape}`, `shape ${first.value?.shape}`);
    const again = attempt(["INVALID_ARGUMENT"], () => pipeline.encodeSync(second.value.data as Uint8Array));
    if (again.value !== undefined) pipeline.decodeSync(again.value);
  }
  if (chain.shard === undefined) checkKernels(chain, encoded, decoded);
  oracle?.(encoded, decoded, chain);
  return progressOf(first);
}

function targetOf(name: string): Target {
  let variants: readonly Variant[] = [];
  let good: readonly { readonly variant: Variant; readonly elements: Uint8Array; readonly encoded: Uint8Array }[] = [];
  const variantOf = (input: Uint8Array): Variant => variants[(input[0] ?? 0) % variants.length]!;
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
        const elements = randomChunk(variant, random);
        const encoded = encode(variant, elements);
        return { variant, elements: elementBytes(variant.pipeline.decodeSync(encoded).data), encoded };
      });
      return good.map(({ encoded }, number) => splice(encoded, 0, 0, [number]));
    },
    mutate(input, other, random) {
      const bytes = mutateBytes(input.subarray(1), other.subarray(1), random);
      const number = random.chance(0.95) ? (input[0] ?? 0) : random.integer(0, 255);
      const variant = variants[number % variants.length]!;
      const repaired = repair !== undefined && random.chance(0.5) ? repair(bytes, variant.chain, random) : bytes;
      return splice(repaired, 0, 0, [number]);
    },
    run: (input) => run(variantOf(input), input.subarray(1), oracle),
    canary() {
      for (const { variant, elements, encoded } of good.slice(0, 12))
        checkBytes(elementBytes(variant.pipeline.decodeSync(encoded).data), elements, "a good chunk");
    },
  };
}

export const codecTargets: readonly Target[] = builtInCodecs.map(({ name }) => targetOf(name));
