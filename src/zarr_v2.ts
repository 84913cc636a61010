/** Zarr v2: a part that a bundle for browsers holds apart. */

import { type Part, staticPart } from "./part.js";
import * as part from "./zarr_v2_part.js";

export const zarrV2: Part<typeof part> = staticPart(part);
