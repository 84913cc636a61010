/** Writing: a part that a bundle for browsers holds apart. */

import { type Part, staticPart } from "../part.js";
import * as part from "./writing_part.js";

export const writing: Part<typeof part> = staticPart(part);
