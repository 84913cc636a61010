/**
 * Runs the bound steps of a chain over one chunk. Bytes move between the JavaScript heap and linear memory only where two neighbouring steps
 * differ in place.
 */

import {
  type BoundChain,
  type BoundStep,
  type ByteSize,
  type Bytes,
  type Data,
  isSpan,
  lengthOf,
} from "../codecs/codec.js";
import { DataError, RuntimeError, withContext } from "../errors.js";
import type { Elements } from "../metadata/data_type.js";
import { type Memory, useMemory } from "../wasm/memory.js";
import { type Box, scatterBox } from "./box.js";

export function toHeap(memory: Memory, bytes: Bytes): Uint8Array {
  return isSpan(bytes) ? memory.view(bytes) : bytes;
}

export function toOwnedHeap(memory: Memory, data: Data): Elements {
  return isSpan(data) ? memory.read(data) : data;
}

/** Binding puts steps on bytes and steps on values where they belong. */
export function bytesOf(data: Data): Bytes {
  if (Array.isArray(data)) throw new TypeError("this step takes bytes, not values");
  return data;
}

export function entriesOf(data: Data): unknown[] {
  if (!Array.isArray(data)) throw new TypeError("this step takes values, not bytes");
  return data;
}

/** A part of `elements`; of bytes without a copy. */
export function partOf(elements: Elements, offset: number, length: number): Elements {
  const end = offset + length;
  return Array.isArray(elements) ? elements.slice(offset, end) : elements.subarray(offset, end);
}

function checkDecoded(size: ByteSize, found: number): void {
  if (size.kind === "unbounded" || (size.kind === "fixed" ? found === size.bytes : found <= size.bytes)) return;
  throw new DataError("CORRUPT_DATA", "Chunk does not decode to the bytes that the metadata promises", {
    expected: `${size.kind === "fixed" ? "" : "at most "}${size.bytes} bytes`,
    found: `${found} bytes`,
  });
}

/** What a step must be given: kernels and libraries may rely on the length of a fixed-size input. */
function checkEncoded(step: BoundStep, found: number): void {
  const { encodedSize } = step;
  if (encodedSize.kind !== "fixed" || found === encodedSize.bytes) return;
  throw new DataError("CORRUPT_DATA", "Encoded chunk has the wrong length", {
    expected: `${encodedSize.bytes} bytes`,
    found: `${found} bytes`,
  });
}

/** One synchronous step, in either direction. */
function runStep(memory: Memory, step: BoundStep, direction: "encode" | "decode", data: Data): Data {
  switch (step.place) {
    case "wasm": {
      const input = bytesOf(data);
      return step[direction](memory, isSpan(input) ? input : memory.write(input));
    }
    case "heap":
      return step[direction](toHeap(memory, bytesOf(data)));
    case "serial":
      return direction === "encode" ? step.encode(entriesOf(data)) : step.decode(toHeap(memory, bytesOf(data)));
    case "elements":
      return step[direction](entriesOf(data));
    case "async":
      throw new RuntimeError(
        "NOT_SYNCHRONOUS",
        `Codec "${step.name}" can only run asynchronously: use get and set instead of getSync and setSync`,
      );
  }
}

function decodeStep(memory: Memory, step: BoundStep, input: Data): Data {
  try {
    checkEncoded(step, lengthOf(input));
    const decoded = runStep(memory, step, "decode", input);
    checkDecoded(step.decodedSize, lengthOf(decoded));
    return decoded;
  } catch (error) {
    throw withContext(error, { codec: step.name });
  }
}

export function decodeSteps(memory: Memory, steps: readonly BoundStep[], input: Data): Data {
  let data = input;
  for (let i = steps.length - 1; i >= 0; i--) data = decodeStep(memory, steps[i]!, data);
  return data;
}

export function encodeSteps(memory: Memory, steps: readonly BoundStep[], input: Data): Data {
  let data = input;
  for (const step of steps) {
    try {
      data = runStep(memory, step, "encode", data);
    } catch (error) {
      throw withContext(error, { codec: step.name });
    }
  }
  return data;
}

/** What an asynchronous step is given: bytes in the JavaScript heap. */
export function heapBytes(data: Elements): Uint8Array {
  if (Array.isArray(data)) throw new TypeError("this step takes bytes, not values");
  return data;
}

export async function decodeStepsAsync(steps: readonly BoundStep[], input: Elements): Promise<Elements> {
  let data = input;
  for (const step of [...steps].reverse()) {
    if (step.place === "async") {
      try {
        checkEncoded(step, data.length);
        data = await step.decode(heapBytes(data));
        checkDecoded(step.decodedSize, data.length);
      } catch (error) {
        throw withContext(error, { codec: step.name });
      }
    } else {
      const encoded = data;
      data = useMemory((memory) => toOwnedHeap(memory, decodeStep(memory, step, encoded)));
    }
  }
  return data;
}

export async function encodeStepsAsync(steps: readonly BoundStep[], input: Elements): Promise<Elements> {
  let data = input;
  for (const step of steps) {
    try {
      if (step.place === "async") data = await step.encode(heapBytes(data));
      else {
        const decoded = data;
        data = useMemory((memory) => toOwnedHeap(memory, runStep(memory, step, "encode", decoded)));
      }
    } catch (error) {
      throw withContext(error, { codec: step.name });
    }
  }
  return data === input ? data.slice() : data;
}

/** Decodes the stored chunk `input` and copies the box of it to byte `targetOffset` of `target`; without a job, for a loop over many. */
export function decodeInto(
  { byteSteps: steps, byteLength }: BoundChain,
  input: Data,
  target: Elements,
  targetOffset: number,
  box: Box,
  chunkOffset: number,
): void {
  if (steps.length === 0 && !isSpan(input)) {
    checkChunkLength(steps, input.length, byteLength);
    scatterBox(box, target, targetOffset, input, chunkOffset);
    return;
  }
  useMemory((memory) => {
    const decoded = decodeSteps(memory, steps, input);
    checkChunkLength(steps, lengthOf(decoded), byteLength);
    if (isSpan(decoded)) scatterBox(box, target, targetOffset, memory.bytes, decoded.pointer + chunkOffset);
    else scatterBox(box, target, targetOffset, decoded, chunkOffset);
  });
}

export function checkChunkLength(steps: readonly BoundStep[], found: number, expected: number): void {
  if (found === expected) return;
  throw new DataError("CORRUPT_DATA", "Chunk has the wrong length", {
    expected: `${expected} bytes`,
    found: `${found} bytes`,
    codec: steps[0]?.name ?? "bytes",
  });
}
