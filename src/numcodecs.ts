/**
 * `syncodec/numcodecs`: any codec of numcodecs.js, for the asynchronous calls. Importing this registers nothing.
 *
 * @example
 * ```ts
 * import { registerCodec } from "syncodec";
 * import { fromNumcodecs } from "syncodec/numcodecs";
 *
 * registerCodec(fromNumcodecs("blosc", () => import("numcodecs/blosc")), { replace: true });
 * ```
 */

import type { CodecEntry } from "./codecs/registry.js";
import type { PlainJson } from "./metadata/json.js";

interface NumcodecsCodec {
  encode(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
  decode(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A module of numcodecs.js: its default export makes the codec. */
export interface NumcodecsModule {
  // biome-ignore lint/suspicious/noExplicitAny: each numcodecs class names its own configuration
  readonly default: { readonly codecId: string; fromConfig(configuration: any): NumcodecsCodec };
}

/** Names in Zarr v3 metadata, numbers in numcodecs.js. */
const shuffles = new Map<unknown, number>([
  ["noshuffle", 0],
  ["shuffle", 1],
  ["bitshuffle", 2],
]);

/**
 * An entry for `registerCodec` under `name`, as it stands in the metadata (for example "blosc" or "numcodecs.lz4"). `load` imports the module
 * when the first chunk needs it.
 */
export function fromNumcodecs(name: string, load: () => Promise<NumcodecsModule>): CodecEntry {
  return {
    name,
    kind: "bytes_to_bytes",
    fromConfig(configuration) {
      let loading: Promise<NumcodecsCodec> | undefined;
      const codec = (): Promise<NumcodecsCodec> => {
        loading ??= load()
          .then((module) => module.default.fromConfig(translate(configuration, module.default.codecId)))
          .catch((error: unknown) => {
            loading = undefined;
            throw error;
          });
        return loading;
      };
      return {
        encode: async (decoded) => (await codec()).encode(decoded),
        decode: async (encoded) => (await codec()).decode(encoded),
      };
    },
  };
}

function translate(configuration: PlainJson, id: string): Record<string, unknown> {
  const options =
    typeof configuration === "object" && configuration !== null && !Array.isArray(configuration) ? configuration : {};
  const shuffle = shuffles.get(options.shuffle);
  return { ...options, ...(shuffle === undefined ? {} : { shuffle }), id };
}
