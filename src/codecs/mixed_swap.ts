/** Byte order of structs: a part that a bundle for browsers holds apart, with the kernels that it needs. */

import { type Part, staticPart } from "../part.js";
import * as part from "./mixed_swap_part.js";

export const mixedSwap: Part<typeof part> = staticPart(part);
