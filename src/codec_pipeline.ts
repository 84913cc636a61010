/**
 * The codec pipeline without a store: one chunk shape, encode and decode.
 *
 * @example
 * ```ts
 * import { createCodecPipeline } from "syncodec";
 *
 * const pipeline = createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: [{ name: "bytes", configuration: { endian: "big" } }, "crc32c"] });
 * const bytes = pipeline.encodeSync(Uint16Array.of(1, 2, 3, 4, 5, 6));
 * pipeline.decodeSync(bytes!).data; // Uint16Array [1, 2, 3, 4, 5, 6]
 * ```
 */

import { type CodecOption, codecsFromOptions, fillValueElement } from "./array_options.js";
import { type Chunk, chunkSource, chunkTarget, type DataOf, newChunk } from "./chunk.js";
import { type BoundChain, byteStrides } from "./codecs/codec.js";
import { RuntimeError } from "./errors.js";
import { selectAll } from "./grid/projection.js";
import {
  type DataType,
  type DataTypeName,
  type DataTypeOption,
  dataTypeFromOption,
  type Scalar,
} from "./metadata/data_type.js";
import { jsonNumber } from "./metadata/json.js";
import { expectShape } from "./metadata/validate.js";
import { runPureAsync } from "./pipeline/batched_driver.js";
import { bindCodecs } from "./pipeline/bind.js";
import { stridedBox } from "./pipeline/box.js";
import type { Place } from "./pipeline/place.js";
import type { Plan } from "./pipeline/plan.js";
import { readPlan, wholeChunkRead } from "./pipeline/read_plan.js";
import { synchronous } from "./pipeline/synchronous.js";
import { writing } from "./pipeline/writing.js";
import { numbersFromOption } from "./plain_options.js";
import { loadMemory } from "./wasm/memory.js";

/** The chunks that a pipeline encodes and decodes, and its codecs. */
export interface CodecPipelineOptions<D extends DataTypeName = DataTypeName> {
  /** Elements per axis of a chunk. */
  readonly shape: readonly number[];
  readonly dataType: DataTypeOption<D>;
  /** As for `createArray`. Default zero, false or empty. */
  readonly fillValue?: Scalar;
  /** The chain, in encoding order. */
  readonly codecs: readonly CodecOption[];
}

/** Options of encoding a chunk. */
export interface EncodeOptions {
  /** Encode a chunk also when every element equals the fill value bitwise. Default false. */
  readonly writeEmptyChunks?: boolean;
}

/** Options of decoding a chunk. */
export interface DecodeOptions<D extends DataTypeName = DataTypeName> {
  /** Receives the elements instead of fresh memory. */
  readonly out?: Chunk<D> | DataOf<D>;
}

/** The place of a chunk that is in no store. */
const nowhere: Place = { key: "", grid: undefined, number: 0 };

/** Encodes and decodes chunks of one shape. Bound once; holds no data between calls. */
export class CodecPipeline<D extends DataTypeName = DataTypeName> {
  readonly #chain: BoundChain;
  readonly #dataType: DataType;

  /** @internal */
  constructor(chain: BoundChain) {
    this.#chain = chain;
    this.#dataType = chain.spec.dataType;
  }

  /** Whether every codec of the chain can run synchronously. */
  get isSync(): boolean {
    return this.#chain.isSync;
  }

  /** Bytes of every encoded chunk, or `undefined` if that depends on the data. */
  computeEncodedSize(): number | undefined {
    const { encodedSize } = this.#chain;
    return encodedSize.kind === "fixed" ? encodedSize.bytes : undefined;
  }

  /** Encodes one chunk into fresh bytes; `undefined` if it is empty. */
  encodeSync(chunk: Chunk<D> | DataOf<D>, options: EncodeOptions = {}): Uint8Array | undefined {
    this.#requireSync();
    return synchronous.get().runPure(this.#encodePlan(chunk, options));
  }

  /** A chunk of the pipeline's shape in C order with zeros, false or empty elements. */
  newChunk(): Chunk<D> {
    return newChunk(this.#dataType, this.#chain.spec.shape) as Chunk<D>;
  }

  async encode(chunk: Chunk<D> | DataOf<D>, options: EncodeOptions = {}): Promise<Uint8Array | undefined> {
    await Promise.all([writing.load(), this.#chain.load()]);
    return runPureAsync(this.#encodePlan(chunk, options));
  }

  /** Decodes one chunk. Throws a `DataError` for bytes that cannot be a chunk of this shape. */
  decodeSync(bytes: Uint8Array, options: DecodeOptions<D> = {}): Chunk<D> {
    this.#requireSync();
    const { plan, result } = this.#decodePlan(bytes, options);
    synchronous.get().runPure(plan);
    return result();
  }

  async decode(bytes: Uint8Array, options: DecodeOptions<D> = {}): Promise<Chunk<D>> {
    const { plan, result } = this.#decodePlan(bytes, options);
    await loadMemory();
    await runPureAsync(plan);
    return result();
  }

  #encodePlan(chunk: Chunk<D> | DataOf<D>, { writeEmptyChunks = false }: EncodeOptions): Plan<Uint8Array | undefined> {
    const chain = this.#chain;
    const { shape, dataType } = chain.spec;
    const {
      elements: source,
      offset: sourceOffset,
      strides: sourceStrides,
    } = chunkSource(chunk, shape, dataType, "Chunk");
    const box = stridedBox(shape, sourceStrides, byteStrides(shape, dataType.itemSize), dataType.itemSize);
    const item = {
      ...nowhere,
      chain,
      extent: shape,
      source,
      sourceOffset,
      sourceStrides,
      box,
      chunkOffset: 0,
      selection: selectAll(shape),
    };
    return writing.get().encodeChunkPlan(
      { ...item, existing: undefined, encoded: undefined },
      {
        writeEmptyChunks,
        subchunkWriteOrder: "morton",
        canPatch: false,
        canAppend: false,
        compactionThreshold: 0,
        indexCache: undefined,
      },
    );
  }

  #decodePlan(bytes: Uint8Array, { out }: DecodeOptions<D>): { plan: Plan; result: () => Chunk<D> } {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("Encoded bytes must be a Uint8Array");
    const { shape } = this.#chain.spec;
    const destination = out ?? newChunk(this.#dataType, shape);
    const { outer, finish } = chunkTarget(destination, shape, this.#dataType, "out");
    const item = wholeChunkRead(this.#chain, nowhere, bytes, outer);
    const plan = readPlan([item], { readMissingChunks: true, indexCache: undefined, canOpen: false });
    const result = (): Chunk<D> => {
      finish();
      const isArray = !("stride" in destination);
      return (
        isArray ? { data: destination, shape: [...shape], stride: byteStrides(shape, 1) } : destination
      ) as Chunk<D>;
    };
    return { plan, result };
  }

  #requireSync(): void {
    if (!this.isSync)
      throw new RuntimeError(
        "NOT_SYNCHRONOUS",
        "A codec of this chain can only run asynchronously: use encode and decode",
      );
  }
}

/** Binds a chain of codecs to one chunk shape. Throws a `MetadataError` for a chain that no array could have. */
export function createCodecPipeline<D extends DataTypeName>(options: CodecPipelineOptions<D>): CodecPipeline<D> {
  const dataType = dataTypeFromOption(options.dataType);
  const shape = expectShape(numbersFromOption(options.shape, "shape").map(jsonNumber), 0, { field: "shape" });
  const spec = { shape, dataType, fillValue: fillValueElement(dataType, options.fillValue) };
  return new CodecPipeline<D>(bindCodecs(codecsFromOptions(options, dataType), spec, { field: "codecs" }));
}
