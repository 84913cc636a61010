/**
 * A selection split at chunk borders, with all the arithmetic that copying needs done once per axis instead of once per chunk.
 */

import { byteStrides, type ChunkSpec } from "../codecs/codec.js";
import { type AxisProjection, projectAxis } from "../grid/projection.js";
import type { AxisSelection } from "../grid/selection.js";
import { type Box, prepareBox } from "./box.js";

/** What one chunk contributes along one axis. Offsets in bytes. */
interface AxisTile {
  readonly projection: AxisProjection;
  readonly outerOffset: number;
  readonly chunkOffset: number;
  /** Tiles of one axis with the same count and step have the same kind: they share a box. */
  readonly kind: number;
}

/** One chunk under the selection. The object is reused from chunk to chunk: copy what is to be kept. */
export interface Tile {
  /** C-order number of the chunk in the grid. */
  readonly number: number;
  /** Byte offset in the caller's array of the first element. */
  readonly outerOffset: number;
  /** Byte offset in the decoded chunk of the first element. */
  readonly chunkOffset: number;
  readonly box: Box;
  readonly projections: readonly AxisProjection[];
}

/** The caller's array: where its elements are. Offset and strides in bytes, one stride per axis of the selection. */
export interface Outer {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly strides: readonly number[];
}

export class Tiling {
  readonly #axes: readonly (readonly AxisTile[])[];
  readonly #grid: readonly number[];
  readonly #spec: ChunkSpec;
  readonly outer: Outer;
  /** Distinct (count, step) pairs per axis. */
  readonly #kinds: { readonly count: number; readonly step: number }[][] = [];
  readonly #boxes: (Box | undefined)[] = [];

  /** Splits `axes` into chunks of `spec`; `grid` has the number of chunks per axis, for their C-order numbers. */
  constructor(axes: readonly AxisSelection[], spec: ChunkSpec, grid: readonly number[], outer: Outer) {
    this.#grid = grid;
    this.#spec = spec;
    this.outer = outer;
    const strides = byteStrides(spec.shape, spec.dataType.itemSize);
    this.#axes = axes.map((axis, d) => {
      const kinds: { count: number; step: number }[] = [];
      this.#kinds.push(kinds);
      return projectAxis(axis, spec.shape[d]!).map((projection): AxisTile => {
        const { count, step, start } = projection.selection;
        let kind = kinds.findIndex((known) => known.count === count && known.step === step);
        if (kind < 0) kind = kinds.push({ count, step }) - 1;
        return {
          projection,
          outerOffset: projection.first * outer.strides[d]!,
          chunkOffset: start * strides[d]!,
          kind,
        };
      });
    });
  }

  /** Chunks that the selection touches, per axis. */
  get counts(): number[] {
    return this.#axes.map(({ length }) => length);
  }

  /** Chunks that the selection touches. */
  get count(): number {
    return this.#axes.reduce((count, { length }) => count * length, 1);
  }

  /** Every chunk that the selection touches, in C order. */
  *tiles(): Generator<Tile, void, void> {
    const axes = this.#axes;
    const grid = this.#grid;
    if (axes.some(({ length }) => length === 0)) return;
    const rank = axes.length;
    const position = new Array<number>(rank).fill(0);
    const projections = axes.map((tiles) => tiles[0]!.projection);
    const tile = { number: 0, outerOffset: 0, chunkOffset: 0, box: this.#box(0), projections };
    for (;;) {
      let number = 0;
      let outerOffset = this.outer.offset;
      let chunkOffset = 0;
      let combination = 0;
      for (let axis = 0; axis < rank; axis++) {
        const part = axes[axis]![position[axis]!]!;
        number = number * grid[axis]! + part.projection.chunk;
        outerOffset += part.outerOffset;
        chunkOffset += part.chunkOffset;
        combination = combination * this.#kinds[axis]!.length + part.kind;
      }
      tile.number = number;
      tile.outerOffset = outerOffset;
      tile.chunkOffset = chunkOffset;
      tile.box = this.#box(combination);
      yield tile;
      let axis = rank - 1;
      for (; axis >= 0; axis--) {
        const tiles = axes[axis]!;
        const next = ++position[axis]!;
        if (next < tiles.length) {
          projections[axis] = tiles[next]!.projection;
          break;
        }
        position[axis] = 0;
        projections[axis] = tiles[0]!.projection;
      }
      if (axis < 0) return;
    }
  }

  /** The box of a combination of kinds; prepared once and shared by all chunks of that combination. */
  #box(combination: number): Box {
    const known = this.#boxes[combination];
    if (known !== undefined) return known;
    const { shape, dataType } = this.#spec;
    const counts = new Array<number>(shape.length);
    const strides = byteStrides(shape, dataType.itemSize);
    let rest = combination;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const kinds = this.#kinds[axis]!;
      const { count, step } = kinds[rest % kinds.length]!;
      rest = Math.floor(rest / kinds.length);
      counts[axis] = count;
      strides[axis]! *= step;
    }
    const box = prepareBox(counts, this.outer.strides, strides, dataType.itemSize);
    this.#boxes[combination] = box;
    return box;
  }
}
