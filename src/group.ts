/** Zarr groups: attributes and members. */

import { type OpenOptions, ZarrArray } from "./array.js";
import { attributesFromPlain } from "./array_options.js";
import {
  createNode,
  deleteNode,
  type GroupNode,
  type HierarchyNode,
  listMembers,
  openNode,
  runNodePlan,
  runNodePlanSync,
  writeDocument,
} from "./hierarchy.js";
import { withAttributes } from "./metadata/array_metadata.js";
import { formatGroupMetadata, type GroupMetadata, parseGroupMetadata } from "./metadata/group_metadata.js";
import { type PlainJson, toPlain } from "./metadata/json.js";
import { joinKey, normalizePath } from "./metadata/node_path.js";
import { type RuntimeOptions, resolveRuntime } from "./runtime.js";
import { accessStore, type StoreAccess } from "./stores/access.js";
import type { Store } from "./stores/store.js";

export interface CreateGroupOptions {
  /** Path of the node. Default "/". */
  readonly path?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Replace a node that is already there, with everything below it. */
  readonly overwrite?: boolean;
}

/** A group in a store. Made by {@link openGroup} and {@link createGroup} and their synchronous twins. */
export class Group {
  readonly path: string;
  readonly store: Store;
  readonly #access: StoreAccess;
  readonly #options: RuntimeOptions;
  #metadata: GroupMetadata;

  /** @internal */
  constructor({ path, metadata }: GroupNode, access: StoreAccess, options: RuntimeOptions) {
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

  /** The arrays and groups directly in this group, in bytewise order of their paths. Needs consolidated metadata or a store that lists. */
  membersSync(): (ZarrArray | Group)[] {
    return runNodePlanSync(listMembers(this.#node()), this.#access).map((node) => this.#member(node));
  }

  /** As {@link membersSync}, on every store that lists. */
  async members(): Promise<(ZarrArray | Group)[]> {
    return (await runNodePlan(listMembers(this.#node()), this.#access)).map((node) => this.#member(node));
  }

  setAttributesSync(attributes: Readonly<Record<string, unknown>>): void {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes));
    runNodePlanSync(writeDocument(this.path, metadata.document), this.#access);
    this.#metadata = metadata;
  }

  async setAttributes(attributes: Readonly<Record<string, unknown>>): Promise<void> {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes));
    await runNodePlan(writeDocument(this.path, metadata.document), this.#access);
    this.#metadata = metadata;
  }

  /** Deletes the group with everything in it. */
  deleteSync(): void {
    runNodePlanSync(deleteNode(this.path), this.#access);
  }

  async delete(): Promise<void> {
    await runNodePlan(deleteNode(this.path), this.#access);
  }

  #node(): GroupNode {
    return { kind: "group", path: this.path, metadata: this.#metadata };
  }

  #member(node: HierarchyNode): ZarrArray | Group {
    return wrap(node, this.#access, this.#options);
  }
}

function wrap(node: HierarchyNode, access: StoreAccess, options: RuntimeOptions): ZarrArray | Group {
  return node.kind === "group"
    ? new Group(node, access, options)
    : new ZarrArray(node, access, resolveRuntime(options, access));
}

function newGroup({ path = "/", attributes = {} }: CreateGroupOptions): GroupNode {
  const normalized = normalizePath(path);
  const document = formatGroupMetadata({ attributes: attributesFromPlain(attributes) });
  return { kind: "group", path: normalized, metadata: parseGroupMetadata(document, joinKey(normalized, "zarr.json")) };
}

/** Creates a group. Throws `NODE_EXISTS` if a node is there and `overwrite` is not set. */
export function createGroupSync(store: Store, options: CreateGroupOptions = {}): Group {
  const access = accessStore(store);
  return new Group(runNodePlanSync(createNode(newGroup(options), options.overwrite ?? false), access), access, {});
}

/** As {@link createGroupSync}, on every store. */
export async function createGroup(store: Store, options: CreateGroupOptions = {}): Promise<Group> {
  const access = accessStore(store);
  return new Group(await runNodePlan(createNode(newGroup(options), options.overwrite ?? false), access), access, {});
}

/** Opens the group at `options.path`. Throws `NODE_NOT_FOUND` if there is none. */
export function openGroupSync(store: Store, options: OpenOptions = {}): Group {
  const access = accessStore(store);
  return new Group(runNodePlanSync(openNode(options.path ?? "/", "group"), access), access, options);
}

/** As {@link openGroupSync}, on every store. */
export async function openGroup(store: Store, options: OpenOptions = {}): Promise<Group> {
  const access = accessStore(store);
  return new Group(await runNodePlan(openNode(options.path ?? "/", "group"), access), access, options);
}

/** Opens the array or group at `options.path`. */
export function openSync(store: Store, options: OpenOptions = {}): ZarrArray | Group {
  const access = accessStore(store);
  return wrap(runNodePlanSync(openNode(options.path ?? "/"), access), access, options);
}

/** As {@link openSync}, on every store. */
export async function open(store: Store, options: OpenOptions = {}): Promise<ZarrArray | Group> {
  const access = accessStore(store);
  return wrap(await runNodePlan(openNode(options.path ?? "/"), access), access, options);
}
