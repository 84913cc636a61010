/** The families of data types as a bundle for browsers has them: numbers and raw bits at once, the others together in a chunk of their own. */

import { lazyPart } from "../part.js";
import type { DataTypeFamily, LazyFamilies } from "./data_type_family.js";
import { numericFamilies } from "./numeric_types.js";
import { rawFamilies } from "./raw_types.js";

export const lazyFamilies: readonly LazyFamilies[] = [
  {
    names: [
      "complex64",
      "complex128",
      "null_terminated_bytes",
      "fixed_length_utf32",
      "numpy.datetime64",
      "numpy.timedelta64",
      "struct",
      "string",
      "bytes",
    ],
    aliases: ["complex_float32", "complex_float64", "structured", "variable_length_bytes"],
    families: lazyPart("The data type is", async () => (await import("./data_type_families_part.js")).otherFamilies),
  },
];

export const dataTypeFamilies: readonly DataTypeFamily[] = [...numericFamilies, ...rawFamilies];
