/** Zarr groups: attributes and members. */

import { type OpenOptions, openArrayNode, type ZarrArray } from "./array.js";
import {
  checkFormat,
  consolidateGroup,
  createNode,
  deleteNode,
  type GroupNode,
  type HierarchyNode,
  listMembers,
  openNode,
  runNodePlan,
  runNodePlanSync,
  writeMetadata,
  type ZarrFormat,
} from "./hierarchy.js";
import { withAttributes } from "./metadata/array_metadata.js";
import { formatGroupMetadata, type GroupMetadata, parseGroupMetadata } from "./metadata/group_metadata.js";
import { type PlainJson, toPlain } from "./metadata/json.js";
import { joinKey, normalizePath } from "./metadata/node_path.js";
import { whenLoaded } from "./part.js";
import { attributesFromPlain } from "./plain_options.js";
import { accessStore, type StoreAccess } from "./stores/access.js";
import type { Store } from "./stores/store.js";
import { zarrV2 } from "./zarr_v2.js";

/** Where a group is created, and with what. */
export interface CreateGroupOptions {
  /** Path of the node. Default "/". */
  readonly path?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Default 3. */
  readonly zarrFormat?: ZarrFormat;
  /** Replace a node that is already there, with everything below it. */
  readonly overwrite?: boolean;
}

/** A group in a store. Made by {@link openGroup} and {@link createGroup} and their synchronous twins. */
export class Group {
  readonly path: string;
  readonly store: Store;
  readonly #access: StoreAccess;
  readonly #options: OpenOptions;
  #metadata: GroupMetadata;

  /** @internal */
  constructor({ path, metadata }: GroupNode, access: StoreAccess, options: OpenOptions) {
    this.path = path;
    this.store = access.store;
    this.#access = access;
    this.#options = options;
    this.#metadata = metadata;
  }

  /** User attributes; integers beyond 2^53 are bigints. */
  get attributes(): { [name: string]: PlainJson } {
    return toPlain(this.#metadata.attributes) as { [name: string]: PlainJson };
  }

  get metadata(): GroupMetadata {
    return this.#metadata;
  }

  /**
   * The arrays and groups directly in this group, in bytewise order of their paths, whatever their format: of the group's own if it was
   * opened with a `zarrFormat`. From its consolidated metadata, if it has any; else the store must be able to list.
   */
  membersSync(): (ZarrArray | Group)[] {
    return runNodePlanSync(this.#list(), this.#access).map((node) => this.#member(node));
  }

  /** As {@link membersSync}, on every store that lists. */
  async members(): Promise<(ZarrArray | Group)[]> {
    const nodes = await runNodePlan(this.#list(), this.#access);
    return whenLoaded(() => nodes.map((node) => this.#member(node)));
  }

  setAttributesSync(attributes: Readonly<Record<string, unknown>>): void {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes, this.#metadata.zarrFormat));
    runNodePlanSync(writeMetadata(this.path, this.#metadata, metadata), this.#access);
    this.#metadata = metadata;
  }

  async setAttributes(attributes: Readonly<Record<string, unknown>>): Promise<void> {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes, this.#metadata.zarrFormat));
    await runNodePlan(writeMetadata(this.path, this.#metadata, metadata), this.#access);
    this.#metadata = metadata;
  }

  /**
   * Copies the metadata of everything below the group into the group's own, as zarr-python's `consolidate_metadata` does, so that one
   * request gives it all. Nodes of the other format are left out. The copy is not kept up to date: consolidate again after every change
   * of an array or group below. Needs a store that lists.
   */
  consolidateMetadataSync(): void {
    this.#metadata = runNodePlanSync(consolidateGroup(this.path, this.#metadata.zarrFormat), this.#access);
  }

  /** As {@link consolidateMetadataSync}, on every store that lists. */
  async consolidateMetadata(): Promise<void> {
    this.#metadata = await runNodePlan(consolidateGroup(this.path, this.#metadata.zarrFormat), this.#access);
  }

  /** Deletes the group with everything in it. */
  deleteSync(): void {
    runNodePlanSync(deleteNode(this.path), this.#access);
  }

  async delete(): Promise<void> {
    await runNodePlan(deleteNode(this.path), this.#access);
  }

  #list(): ReturnType<typeof listMembers> {
    return listMembers({ kind: "group", path: this.path, metadata: this.#metadata }, this.#options.zarrFormat);
  }

  #member(node: HierarchyNode): ZarrArray | Group {
    return wrap(node, this.#access, this.#options);
  }
}

function wrap(node: HierarchyNode, access: StoreAccess, options: OpenOptions): ZarrArray | Group {
  return node.kind === "group" ? new Group(node, access, options) : openArrayNode(node, access, options);
}

function newGroup({ path = "/", attributes: plain = {}, zarrFormat }: CreateGroupOptions): GroupNode {
  const normalized = normalizePath(path);
  const format = checkFormat(zarrFormat) ?? 3;
  const attributes = attributesFromPlain(plain, format);
  const whereOf = (name: string) => ({ field: "", key: joinKey(normalized, name) });
  if (format === 3) {
    const metadata = parseGroupMetadata(formatGroupMetadata({ attributes }), whereOf("zarr.json"));
    return { kind: "group", path: normalized, metadata };
  }
  const { formatGroupMetadataV2, parseGroupMetadataV2 } = zarrV2.get();
  const metadata = parseGroupMetadataV2(formatGroupMetadataV2(), attributes, whereOf(".zgroup"), whereOf(".zattrs"));
  return { kind: "group", path: normalized, metadata };
}

/** Creates a group. Throws `NODE_EXISTS` if a node is there and `overwrite` is not set. */
export function createGroupSync(store: Store, options: CreateGroupOptions = {}): Group {
  const access = accessStore(store);
  return new Group(runNodePlanSync(createNode(newGroup(options), options.overwrite ?? false), access), access, {});
}

/** As {@link createGroupSync}, on every store. */
export async function createGroup(store: Store, options: CreateGroupOptions = {}): Promise<Group> {
  const access = await whenLoaded(() => accessStore(store));
  const node = await whenLoaded(() => newGroup(options));
  return new Group(await runNodePlan(createNode(node, options.overwrite ?? false), access), access, {});
}

/** Opens the group at `options.path`. Throws `NODE_NOT_FOUND` if there is none. */
export function openGroupSync(store: Store, options: OpenOptions = {}): Group {
  const access = accessStore(store);
  return new Group(
    runNodePlanSync(openNode(options.path ?? "/", "group", options.zarrFormat), access),
    access,
    options,
  );
}

/** As {@link openGroupSync}, on every store. */
export async function openGroup(store: Store, options: OpenOptions = {}): Promise<Group> {
  const access = await whenLoaded(() => accessStore(store));
  return new Group(
    await runNodePlan(openNode(options.path ?? "/", "group", options.zarrFormat), access),
    access,
    options,
  );
}

/** Opens the array or group at `options.path`. */
export function openSync(store: Store, options: OpenOptions = {}): ZarrArray | Group {
  const access = accessStore(store);
  return wrap(runNodePlanSync(openNode(options.path ?? "/", undefined, options.zarrFormat), access), access, options);
}

/** As {@link openSync}, on every store. */
export async function open(store: Store, options: OpenOptions = {}): Promise<ZarrArray | Group> {
  const access = await whenLoaded(() => accessStore(store));
  const node = await runNodePlan(openNode(options.path ?? "/", undefined, options.zarrFormat), access);
  return whenLoaded(() => wrap(node, access, options));
}
