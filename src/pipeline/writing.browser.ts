/** Writing in a bundle for browsers. */

import { lazyPart, type Part } from "../part.js";

export const writing: Part<typeof import("./writing_part.js")> = lazyPart(
  "What writes chunks is",
  () => import("./writing_part.js"),
);
