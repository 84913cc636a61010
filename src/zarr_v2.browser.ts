/** Zarr v2 in a bundle for browsers. */

import { lazyPart, type Part } from "./part.js";

export const zarrV2: Part<typeof import("./zarr_v2_part.js")> = lazyPart(
  "What reads and writes Zarr v2 is",
  () => import("./zarr_v2_part.js"),
);
