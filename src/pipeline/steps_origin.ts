/**
 * Where bound steps come from. They are closures, which no other thread can have: what travels is the metadata that they were bound from,
 * once for each list of steps and worker.
 */

import { type BoundChain, type BoundStep, type ChunkSpec, fillBytes } from "../codecs/codec.js";
import { formatDataType } from "../metadata/data_type.js";
import { formatJson } from "../metadata/json.js";
import { formatNamed, type NamedConfiguration } from "../metadata/validate.js";

/** One list of steps of a chain without user-registered codecs, for chunks of fixed-size elements. */
export interface StepsOrigin {
  /** Names the steps in messages to workers. */
  readonly id: number;
  readonly spec: ChunkSpec;
  readonly codecs: readonly NamedConfiguration[];
  readonly part: "arraySteps" | "byteSteps";
  /** What jobs have taken on this thread, by what was expected of them: levels and data are not in the table of rates. */
  readonly pace: { decode: number; encode: number };
}

/** What a worker binds the steps from. */
export interface StepsMessage {
  readonly part: StepsOrigin["part"];
  readonly shape: readonly number[];
  /** JSON: structured cloning would lose the class of numbers. */
  readonly dataType: string;
  readonly codecs: string;
  readonly fillValue: Uint8Array;
}

const origins = new WeakMap<readonly BoundStep[], StepsOrigin>();
let lastId = 0;

/** A number that nothing else on this thread's lanes has. */
export function newId(): number {
  return ++lastId;
}

/** Notes that the steps of `chain` come from `codecs`, all of them built-in. */
export function rememberOrigin({ spec, arraySteps, byteSteps }: BoundChain, codecs: StepsOrigin["codecs"]): void {
  const { variable, swapSize } = spec.dataType;
  // A struct of Zarr v2 may have fields in both byte orders, which its name and configuration do not tell.
  if (variable || (typeof swapSize !== "number" && swapSize.some(({ isSwapped }) => isSwapped))) return;
  for (const [part, steps] of [["arraySteps", arraySteps] as const, ["byteSteps", byteSteps] as const]) {
    if (steps.length > 0) origins.set(steps, { id: newId(), spec, codecs, part, pace: { decode: 1, encode: 1 } });
  }
}

/** `undefined` for steps that only this thread has. */
export function originOf(steps: readonly BoundStep[]): StepsOrigin | undefined {
  return origins.get(steps);
}

export function stepsMessage({ spec, codecs, part }: StepsOrigin): StepsMessage {
  return {
    part,
    shape: spec.shape,
    dataType: formatJson(formatDataType(spec.dataType), 0),
    codecs: formatJson(codecs.map(formatNamed), 0),
    fillValue: fillBytes(spec.fillValue),
  };
}
