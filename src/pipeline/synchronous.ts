/** Running plans synchronously: a part that a bundle for browsers holds apart. */

import { type Part, staticPart } from "../part.js";
import * as part from "./synchronous_part.js";

export const synchronous: Part<typeof part> = staticPart(part);
