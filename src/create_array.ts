/** Creating arrays. */

import { openArrayNode, type ZarrArray } from "./array.js";
import { type CreateArrayOptions, metadataFromOptions } from "./array_options.js";
import { ArgumentError } from "./errors.js";
import { type ArrayNode, checkFormat, createNode, runNodePlan, runNodePlanSync } from "./hierarchy.js";
import type { DataTypeName } from "./metadata/data_type.js";
import { normalizePath } from "./metadata/node_path.js";
import { whenLoaded } from "./part.js";
import { accessStore, type StoreAccess } from "./stores/access.js";
import type { Store } from "./stores/store.js";
import { zarrV2 } from "./zarr_v2.js";

/** The node that `options` ask for, with its codecs bound once, so that no document is written that could not be opened. */
function newNode(options: CreateArrayOptions, access: StoreAccess): ArrayNode {
  const isV2 = checkFormat(options.zarrFormat) === 2;
  if (!isV2 && options.memoryLayout !== undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", "memoryLayout is only for zarrFormat 2: use the codec transpose");
  }
  const node: ArrayNode = {
    kind: "array",
    path: normalizePath(options.path ?? "/"),
    metadata: isV2 ? zarrV2.get().metadataFromOptionsV2(options) : metadataFromOptions(options),
  };
  openArrayNode(node, access, options);
  return node;
}

/** Creates an array. Throws `NODE_EXISTS` if a node is there and `overwrite` is not set. */
export function createArraySync<D extends DataTypeName>(store: Store, options: CreateArrayOptions<D>): ZarrArray<D> {
  const access = accessStore(store);
  const node = newNode(options, access);
  return openArrayNode(runNodePlanSync(createNode(node, options.overwrite ?? false), access), access, options);
}

/** As {@link createArraySync}, on every store. */
export async function createArray<D extends DataTypeName>(
  store: Store,
  options: CreateArrayOptions<D>,
): Promise<ZarrArray<D>> {
  const access = await whenLoaded(() => accessStore(store));
  const node = await whenLoaded(() => newNode(options, access));
  const created = await runNodePlan(createNode(node, options.overwrite ?? false), access);
  return whenLoaded(() => openArrayNode(created, access, options));
}
