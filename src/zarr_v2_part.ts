/** What only nodes of Zarr v2 need. */

export { metadataFromOptionsV2 } from "./array_options_v2.js";
export { parseArrayMetadataV2 } from "./metadata/array_metadata_v2.js";
export {
  formatConsolidatedV2,
  formatGroupMetadataV2,
  parseConsolidatedV2,
  parseGroupMetadataV2,
} from "./metadata/group_metadata_v2.js";
