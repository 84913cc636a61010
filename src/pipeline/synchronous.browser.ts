/** Running plans synchronously in a bundle for browsers. */

import { lazyPart, type Part } from "../part.js";

export const synchronous: Part<typeof import("./synchronous_part.js")> = lazyPart(
  "What reads and writes synchronously is",
  () => import("./synchronous_part.js"),
);
