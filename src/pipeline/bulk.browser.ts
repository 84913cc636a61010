/** Reading whole shards in a bundle for browsers. */

import { lazyPart, type Part } from "../part.js";

export const bulk: Part<typeof import("./bulk_part.js")> = lazyPart(
  "What reads many inner chunks at once is",
  () => import("./bulk_part.js"),
);
