/** The families of data types that a bundle for browsers holds apart. */

import { complexFamilies } from "./complex_types.js";
import type { DataTypeFamily } from "./data_type_family.js";
import { structFamily } from "./struct_type.js";
import { temporalFamilies } from "./temporal_types.js";
import { textFamilies } from "./text_types.js";
import { variableFamilies } from "./variable_types.js";

export const otherFamilies: readonly DataTypeFamily[] = [
  ...complexFamilies,
  ...textFamilies,
  ...temporalFamilies,
  structFamily,
  ...variableFamilies,
];
