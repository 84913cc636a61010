/**
 * A selection split at chunk borders, with all the arithmetic that copying needs done once per axis instead of once per chunk.
 */

import { type BoundChain, byteStrides, elementCount } from "../codecs/codec.js";
import type { ChunkAxis } from "../grid/chunk_grid.js";
import { type AxisProjection, type PointProjection, projectAxis, projectPoints } from "../grid/projection.js";
import { type AxisSelection, type ChunkSelection, isPicks } from "../grid/selection.js";
import type { Elements } from "../metadata/data_type.js";
import { type AxisCopy, type Box, prepareBox, stridedBox } from "./box.js";

/** The caller's array: where its elements are. Offset and strides in bytes, one stride per axis of the selection; points have one stride. */
export interface Outer {
  readonly elements: Elements;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** One chunk under the selection. The object is reused from chunk to chunk: copy what is to be kept. */
export interface Tile {
  /** C-order number of the chunk in the grid. */
  readonly number: number;
  /** The chunk's coordinates in the grid, and its first element; reused too. */
  readonly coordinates: readonly number[];
  readonly origin: readonly number[];
  readonly chain: BoundChain;
  /** Byte offset in the caller's array of the box. */
  readonly outerOffset: number;
  /** Byte offset in the decoded chunk of the box. */
  readonly chunkOffset: number;
  readonly box: Box;
  /** The selection in the chunk's own coordinates. */
  selection(): ChunkSelection;
}

export interface Tiling {
  readonly outer: Outer;
  /** Chunks that the selection touches. */
  readonly count: number;
  /** Each of them once. */
  tiles(): Iterable<Tile>;
  /** The tiling as {@link Band}s of at most `byteLimit` bytes; `undefined` where it has none so small, or elements are picked one by one. */
  bands(byteLimit: number): Iterable<Band> | undefined;
}

/** Chunks that follow one another in a tiling, with all that the selection takes of some first axes' chunks: a box of the caller's array. */
export interface Band {
  /** Its chunks, tiled onto memory of the band's own: `byteLength` bytes in C order. */
  readonly tiling: Tiling;
  readonly byteLength: number;
  /** The band as a box, "chunk" being its own memory, and where that lies in the caller's array, in bytes. */
  readonly box: Box;
  readonly outerOffset: number;
}

/** Splits `selection` into the chunks along `axes`, all of one shape and bound as `chain`; `grid` has their number per axis. */
export function tile(
  selection: ChunkSelection,
  axes: readonly ChunkAxis[],
  grid: readonly number[],
  chain: BoundChain,
  outer: Outer,
): Tiling {
  return "places" in selection
    ? new PointTiling(projectPoints(selection, axes, grid), chain, outer)
    : new AxisTiling(projectAxes(selection, axes), chain, grid, outer);
}

/** Where the selection is empty along one axis, no chunk of a long other one is looked at. */
function projectAxes(selection: readonly AxisSelection[], axes: readonly ChunkAxis[]): AxisProjection[][] {
  if (selection.some(({ count }) => count === 0)) return selection.map(() => []);
  return selection.map((axis, d) => projectAxis(axis, axes[d]!));
}

/**
 * As {@link tile}, for chunks of several shapes: `chainOf` binds those of one. They come one after another, as a tiling of their own, within
 * which all is as on a regular grid.
 */
export function tileByShape(
  selection: ChunkSelection,
  axes: readonly ChunkAxis[],
  grid: readonly number[],
  chainOf: (shape: readonly number[]) => BoundChain,
  outer: Outer,
): Tiling {
  if ("places" in selection) {
    const shapeOf = ({ coordinates }: PointProjection): number[] => coordinates.map((c, d) => axes[d]!.lengthOf(c));
    const points = projectPoints(selection, axes, grid);
    const groups = [...groupBy(points, (each) => shapeOf(each).join()).values()];
    return new JoinedTiling(outer, points.length, function* () {
      for (const group of groups) yield new PointTiling(group, chainOf(shapeOf(group[0]!)), outer);
    });
  }
  const projections = projectAxes(selection, axes);
  const groups = projections.map((each, d) => [...groupBy(each, ({ chunk }) => axes[d]!.lengthOf(chunk))]);
  const count = projections.reduce((product, { length }) => product * length, 1);
  return new JoinedTiling(outer, count, function* () {
    for (const combination of combinations(groups)) {
      const chain = chainOf(combination.map(([length]) => length));
      yield new AxisTiling(
        combination.map(([, each]) => each),
        chain,
        grid,
        outer,
      );
    }
  });
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Every way to take one item of each list; the last list's items vary fastest. */
function* combinations<Item>([first, ...rest]: readonly (readonly Item[])[]): Generator<Item[], void, void> {
  if (first === undefined) yield [];
  else for (const item of first) for (const others of combinations(rest)) yield [item, ...others];
}

/** Tilings one after another. */
class JoinedTiling implements Tiling {
  readonly outer: Outer;
  readonly count: number;
  readonly #parts: () => Iterable<Tiling>;

  constructor(outer: Outer, count: number, parts: () => Iterable<Tiling>) {
    this.outer = outer;
    this.count = count;
    this.#parts = parts;
  }

  *tiles(): Generator<Tile, void, void> {
    for (const part of this.#parts()) yield* part.tiles();
  }

  bands(): undefined {
    return undefined;
  }
}

/** The chunks along one axis. */
interface TiledAxis {
  readonly projections: readonly AxisProjection[];
  /** The distinct ways of copying, and for each projection which of them is its. Chunks that copy alike along every axis share a box. */
  readonly copies: readonly AxisCopy[];
  readonly kinds: readonly number[];
  /** In bytes. */
  readonly outerStride: number;
  readonly chunkStride: number;
}

/** Axis by axis: ranges and picks. */
class AxisTiling implements Tiling {
  readonly outer: Outer;
  readonly axes: readonly TiledAxis[];
  readonly grid: readonly number[];
  readonly chain: BoundChain;
  readonly #boxes: (Box | undefined)[] = [];

  constructor(
    projections: readonly (readonly AxisProjection[])[],
    chain: BoundChain,
    grid: readonly number[],
    outer: Outer,
  ) {
    this.grid = grid;
    this.chain = chain;
    this.outer = outer;
    const { shape, dataType } = chain.spec;
    const strides = byteStrides(shape, dataType.itemSize);
    this.axes = projections.map((each, d) => tiledAxis(each, outer.strides[d]!, strides[d]!));
  }

  get count(): number {
    let count = 1;
    for (const { projections } of this.axes) count *= projections.length;
    return count;
  }

  tiles(): Iterable<Tile> {
    return { [Symbol.iterator]: () => new TileCursor(this) };
  }

  bands(byteLimit: number): Iterable<Band> | undefined {
    const { itemSize } = this.chain.spec.dataType;
    const lengths = this.axes.map(({ projections }) => projections.reduce((sum, { count }) => sum + count, 0));
    const longest = this.axes.map(({ projections }) =>
      projections.reduce((most, { count }) => Math.max(most, count), 0),
    );
    if (this.axes.some(({ projections }) => projections.some(isPicks))) return undefined;
    // As few axes as possible are cut at chunk borders.
    for (let depth = 0; depth < lengths.length; depth++) {
      const byteLength = itemSize * elementCount(lengths.map((length, d) => (d < depth ? longest[d]! : length)));
      if (byteLength <= byteLimit) return this.#bandsOf(lengths, depth);
    }
    return undefined;
  }

  *#bandsOf(lengths: readonly number[], depth: number): Generator<Band, void, void> {
    const { chain, grid, outer } = this;
    const { itemSize } = chain.spec.dataType;
    const cut = this.axes.slice(0, depth).map(({ projections }) => projections);
    const whole = this.axes.slice(depth).map(({ projections }) => projections);
    for (const places of combinations(cut)) {
      const shape = lengths.map((length, d) => places[d]?.count ?? length);
      const strides = byteStrides(shape, itemSize);
      // The tiles' places count from the selection's start, the band's from its own.
      let offset = 0;
      let { offset: outerOffset } = outer;
      places.forEach(({ first }, d) => {
        offset -= first * strides[d]!;
        outerOffset += first * outer.strides[d]!;
      });
      yield {
        tiling: new AxisTiling([...places.map((place) => [place]), ...whole], chain, grid, {
          ...outer,
          offset,
          strides,
        }),
        byteLength: elementCount(shape) * itemSize,
        box: stridedBox(shape, outer.strides, strides, itemSize),
        outerOffset,
      };
    }
  }

  /** The box of a combination of kinds; prepared once and shared by all chunks of that combination. */
  box(combination: number): Box {
    const known = this.#boxes[combination];
    if (known !== undefined) return known;
    const rank = this.axes.length;
    const axes = new Array<AxisCopy>(rank);
    let rest = combination;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const { copies } = this.axes[axis]!;
      axes[axis] = copies[rest % copies.length]!;
      rest = Math.floor(rest / copies.length);
    }
    const box = prepareBox(axes, this.chain.spec.dataType.itemSize);
    this.#boxes[combination] = box;
    return box;
  }
}

function tiledAxis(projections: readonly AxisProjection[], outerStride: number, chunkStride: number): TiledAxis {
  const copies: AxisCopy[] = [];
  const kinds = new Array<number>(projections.length);
  for (let i = 0; i < projections.length; i++) {
    const projection = projections[i]!;
    const { count } = projection;
    if (isPicks(projection)) {
      const { indices, places } = projection;
      const outerOffsets = Float64Array.from(places, (place) => place * outerStride);
      const chunkOffsets = Float64Array.from(indices, (index) => index * chunkStride);
      kinds[i] = copies.push({ count, distinct: new Set(indices).size, outerOffsets, chunkOffsets }) - 1;
      continue;
    }
    // Ranges of one axis differ in their counts only, of which there are few.
    let kind = 0;
    while (kind < copies.length && copies[kind]!.count !== count) kind++;
    if (kind === copies.length) copies.push({ count, outerStride, chunkStride: projection.step * chunkStride });
    kinds[i] = kind;
  }
  return { projections, copies, kinds, outerStride, chunkStride };
}

const noBox = prepareBox([], 1);

/** Goes through the tiles of an {@link AxisTiling}, and is each of them in turn: nothing is allocated per tile. */
class TileCursor implements Tile, Iterator<Tile, undefined> {
  number = 0;
  readonly coordinates: number[];
  readonly origin: number[];
  readonly chain: BoundChain;
  outerOffset = 0;
  chunkOffset = 0;
  box: Box = noBox;
  readonly #tiling: AxisTiling;
  readonly #position: number[];
  /** The axis along which the tile follows the one before it; -1 after the last. */
  #axis: number;
  #isBegun = false;
  readonly #result: { done: false; value: Tile } = { done: false, value: this };

  constructor(tiling: AxisTiling) {
    const rank = tiling.axes.length;
    this.#tiling = tiling;
    this.chain = tiling.chain;
    this.coordinates = new Array<number>(rank).fill(0);
    this.origin = new Array<number>(rank).fill(0);
    this.#position = new Array<number>(rank).fill(0);
    this.#axis = tiling.count === 0 ? -1 : rank;
  }

  next(): IteratorResult<Tile, undefined> {
    if (this.#isBegun) this.#advance();
    this.#isBegun = true;
    if (this.#axis < 0) return finished;
    const { axes, grid, outer } = this.#tiling;
    const position = this.#position;
    const rank = axes.length;
    let number = 0;
    let outerOffset = outer.offset;
    let chunkOffset = 0;
    let combination = 0;
    for (let d = 0; d < rank; d++) {
      const axis = axes[d]!;
      const place = position[d]!;
      const projection = axis.projections[place]!;
      const { chunk } = projection;
      this.coordinates[d] = chunk;
      this.origin[d] = projection.origin;
      number = number * grid[d]! + chunk;
      if (!isPicks(projection)) {
        outerOffset += projection.first * axis.outerStride;
        chunkOffset += projection.start * axis.chunkStride;
      }
      combination = combination * axis.copies.length + axis.kinds[place]!;
    }
    this.number = number;
    this.outerOffset = outerOffset;
    this.chunkOffset = chunkOffset;
    this.box = this.#tiling.box(combination);
    return this.#result;
  }

  selection(): AxisSelection[] {
    return this.#tiling.axes.map(({ projections }, d) => projections[this.#position[d]!]!);
  }

  #advance(): void {
    const { axes } = this.#tiling;
    const position = this.#position;
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      if (++position[axis]! < axes[axis]!.projections.length) break;
      position[axis] = 0;
    }
    this.#axis = axis;
  }
}

const finished: IteratorResult<Tile, undefined> = { done: true, value: undefined };

/** Single elements, grouped by chunk. */
class PointTiling implements Tiling {
  readonly outer: Outer;
  readonly #projections: readonly PointProjection[];
  readonly #chain: BoundChain;

  constructor(projections: readonly PointProjection[], chain: BoundChain, outer: Outer) {
    this.outer = outer;
    this.#chain = chain;
    this.#projections = projections;
  }

  get count(): number {
    return this.#projections.length;
  }

  bands(): undefined {
    return undefined;
  }

  *tiles(): Generator<Tile, void, void> {
    const { offset, strides } = this.outer;
    const chain = this.#chain;
    const { shape, dataType } = chain.spec;
    const chunkStrides = byteStrides(shape, dataType.itemSize);
    for (const { number, coordinates, origin, selection } of this.#projections) {
      const { places } = selection;
      const outerOffsets = Float64Array.from(places, (place) => place * strides[0]!);
      const chunkOffsets = Float64Array.from(places, (_, i) =>
        chunkStrides.reduce((sum, stride, axis) => sum + stride * selection.coordinates[axis]![i]!, 0),
      );
      const copy = { count: places.length, distinct: new Set(chunkOffsets).size, outerOffsets, chunkOffsets };
      yield {
        number,
        coordinates,
        origin,
        chain,
        outerOffset: offset,
        chunkOffset: 0,
        box: prepareBox([copy], dataType.itemSize),
        selection: () => selection,
      };
    }
  }
}
