/** Stores that answer at once, in a bundle for browsers. */

import { lazyPart, type Part } from "../part.js";

export const syncStores: Part<typeof import("./sync_stores_part.js")> = lazyPart(
  "What reads and writes synchronously is",
  () => import("./sync_stores_part.js"),
);
