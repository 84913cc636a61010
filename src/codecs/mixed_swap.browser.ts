/** Byte order of structs in a bundle for browsers. */

import { lazyPart, type Part } from "../part.js";

export const mixedSwap: Part<typeof import("./mixed_swap_part.js")> = lazyPart(
  "What changes the byte order of structs is",
  () => import("./mixed_swap_part.js"),
);
