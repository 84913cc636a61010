/** The families of data types: a constant list, and those that are loaded on demand. */

import { complexFamilies } from "./complex_types.js";
import type { DataTypeFamily, LazyFamilies } from "./data_type_family.js";
import { numericFamilies } from "./numeric_types.js";
import { rawFamilies } from "./raw_types.js";
import { structFamily } from "./struct_type.js";
import { temporalFamilies } from "./temporal_types.js";
import { textFamilies } from "./text_types.js";
import { variableFamilies } from "./variable_types.js";

/** Here all are in the list. */
export const lazyFamilies: readonly LazyFamilies[] = [];

/** Every data type that documents can name. */
export const dataTypeFamilies: readonly DataTypeFamily[] = [
  ...numericFamilies,
  ...complexFamilies,
  ...rawFamilies,
  ...textFamilies,
  ...temporalFamilies,
  structFamily,
  ...variableFamilies,
];
