/**
 * A chunk grid and its chains: one for each distinct chunk shape, bound when a chunk of that shape first comes up.
 */

import type { BoundChain, ChunkSpec, Codec } from "../codecs/codec.js";
import { findCodec } from "../codecs/registry.js";
import type { ChunkGrid } from "../grid/chunk_grid.js";
import type { ChunkSelection } from "../grid/selection.js";
import type { NamedConfiguration, Where } from "../metadata/validate.js";
import { bindCodecs } from "./bind.js";
import { type Outer, type Tiling, tile, tileByShape } from "./tiling.js";

/** Chains kept: a grid of 1000 by 1000 chunks may have 10^6 shapes. */
const maximumChains = 1024;
/** Lengths per axis that are tried when an array is opened, at 50 µs each; a bad one among further ones shows when it comes up. */
const maximumTried = 1024;

export class BoundGrid {
  readonly grid: ChunkGrid;
  /** That of the largest chunk. What does not depend on sizes is the same in all chains. */
  readonly chain: BoundChain;
  readonly #bind: (shape: readonly number[]) => BoundChain;
  readonly #chains = new Map<string, BoundChain>();

  /** Throws a `MetadataError` for codecs that make no chain, or none for some shape that a chunk of the grid has. */
  constructor(
    grid: ChunkGrid,
    codecs: readonly NamedConfiguration[],
    { dataType, fillValue }: Pick<ChunkSpec, "dataType" | "fillValue">,
    where: Where,
  ) {
    // A codec that is registered or removed later does not concern an array that is open.
    const known = new Map<string, Codec | undefined>();
    const find = (name: string): Codec | undefined => {
      if (!known.has(name)) known.set(name, findCodec(name));
      return known.get(name);
    };
    this.grid = grid;
    this.#bind = (shape) => bindCodecs(codecs, { shape, dataType, fillValue }, where, find);
    const { largestShape } = grid;
    this.chain = this.#bind(largestShape);
    // Whether inner chunks divide a shard is a matter of each axis by itself: this is to try every length once, not every shape.
    if (this.chain.shard === undefined) return;
    grid.axes.forEach(({ distinctLengths }, axis) => {
      for (const length of distinctLengths.slice(0, maximumTried)) {
        if (length !== largestShape[axis]) this.#bind(largestShape.with(axis, length));
      }
    });
  }

  /** The stored chunks under a selection; `counts` has their number per axis. */
  tile(selection: ChunkSelection, counts: readonly number[], outer: Outer): Tiling {
    const { axes, chunkShape } = this.grid;
    return chunkShape === undefined
      ? tileByShape(selection, axes, counts, (shape) => this.#chainOf(shape), outer)
      : tile(selection, axes, counts, this.chain, outer);
  }

  #chainOf(shape: readonly number[]): BoundChain {
    const key = shape.join();
    const known = this.#chains.get(key);
    if (known !== undefined) return known;
    const chain = this.#bind(shape);
    if (this.#chains.size === maximumChains) this.#chains.clear();
    this.#chains.set(key, chain);
    return chain;
  }
}
