/** Every fuzz target. */

import type { Target } from "../target.js";
import { codecTargets } from "./codec.js";
import { jsonTarget } from "./json.js";
import { kernelTargets } from "./kernels.js";
import { keysTarget } from "./keys.js";
import { metadataTarget } from "./metadata.js";
import { patchTarget } from "./patch.js";
import { shardTarget } from "./shard.js";
import { shardIndexTarget } from "./shard_index.js";

export const targets: readonly Target[] = [
  jsonTarget,
  metadataTarget,
  keysTarget,
  shardIndexTarget,
  shardTarget,
  patchTarget,
  ...kernelTargets,
  ...codecTargets,
];
