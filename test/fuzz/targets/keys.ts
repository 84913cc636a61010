/** Node paths, chunk keys and file names: what is taken leads nowhere else, and is written as it was read. */

import { posix, win32 } from "node:path";
import { type ChunkKeyEncoding, encodeChunkKey, parseChunkKey } from "../../../src/grid/chunk_key.js";
import { joinKey, normalizePath } from "../../../src/metadata/node_path.js";
import { isSafeSegment } from "../../../src/node/key_segments.js";
import type { Random } from "../../model/random.js";
import { mutateBytes } from "../mutate.js";
import { attempt, check, type Target } from "../target.js";

const texts = [
  ..."/,a,/a/b/,c/0/1,c.0.1,0/1,0.1,c,0,c/10/9007199254740991,9007199254740993,a.b/.c/_d,100%/a%20b".split(","),
  ..."a/../b,%2e%2E/a,.%2e,//a,a\\..\\b,a\0b,..%2fa,a%5C..,C:/a,__x,a/zarr.json,%252e%252e/a,é/ü,．．/a,...".split(","),
];
const pieces = [
  ..."/,.,..,\\,%2e,%2f,%5c,%25,%00,C:,c,0,1,00,-1,+1,e1,9007199254740992,__,zarr.json, ,~".split(","),
  "\0",
];

const encodings: readonly ChunkKeyEncoding[] = [
  { name: "default", separator: "/" },
  { name: "default", separator: "." },
  { name: "v2", separator: "/" },
  { name: "v2", separator: "." },
];

function staysInside(path: string): boolean {
  const decoded = [path];
  try {
    decoded.push(decodeURIComponent(path));
  } catch {
    // Not everything is percent-encoded text.
  }
  return decoded.every(
    (each) =>
      posix.resolve("/store", `.${each}`).startsWith("/store") &&
      win32.resolve("D:\\store", `.${each}`).toLowerCase().startsWith("d:\\store"),
  );
}

/** As stores of web servers use it. */
function staysBelow(path: string): boolean {
  const { href } = new URL(joinKey(path, "zarr.json").slice(1).replace(/[?#]/g, "x"), "http://host/store/");
  // A name with a colon may read as a scheme, but as none that a request could have.
  return href.startsWith("http://host/store/") || !/^(?:https?|file|ftp|wss?|data|blob|about):/.test(href);
}

function checkPath(text: string): string {
  const { value, error } = attempt(["INVALID_PATH"], () => normalizePath(text));
  if (error !== undefined) {
    check(error.expected !== undefined && error.found !== undefined, `no reason given: ${error.message}`);
    return `${error.expected}`;
  }
  check(value.startsWith("/") && normalizePath(value) === value, `${JSON.stringify(text)} is not normal: ${value}`);
  check(staysInside(value) && staysBelow(value), `${JSON.stringify(text)} leaves the store`);
  return "path";
}

function checkChunkKey(text: string): string {
  let taken = "";
  encodings.forEach((encoding, number) => {
    for (let rank = 0; rank < 4; rank++) {
      const coordinates = parseChunkKey(encoding, rank, text);
      if (coordinates === undefined) continue;
      taken += ` ${number}.${rank}`;
      check(
        coordinates.length === rank && coordinates.every((each) => Number.isSafeInteger(each) && each >= 0),
        "coordinates",
      );
      check(encodeChunkKey(encoding, coordinates) === text, `${text} is read as [${coordinates}]`);
    }
  });
  return taken;
}

function checkFileName(segment: string): string {
  if (!isSafeSegment(segment, true)) return isSafeSegment(segment, false) ? "posix" : "";
  check(isSafeSegment(segment, false), `safe on Windows only: ${JSON.stringify(segment)}`);
  check(staysInside(`/${segment}`), `${JSON.stringify(segment)} leaves its folder`);
  check(win32.basename(segment) === segment && posix.basename(segment) === segment, `${segment} is no file name`);
  return "name";
}

function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.3)) return mutateBytes(input, other, random);
  const text = new TextDecoder().decode(input);
  const at = random.integer(0, text.length);
  const end = random.chance(0.5) ? at : random.integer(at, text.length);
  return new TextEncoder().encode(text.slice(0, at) + random.pick(pieces) + text.slice(end));
}

export const keysTarget: Target = {
  name: "keys",
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate,
  run(input) {
    const text = new TextDecoder().decode(input);
    return `${checkPath(text)};${checkChunkKey(text)};${[...new Set(text.split("/").map(checkFileName))]}`;
  },
  canary() {
    check(normalizePath("a/b/") === "/a/b", "a good path");
    check(`${parseChunkKey(encodings[0]!, 2, "c/3/4")}` === "3,4", "a good key");
  },
};
