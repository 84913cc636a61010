/**
 * Results in the fragment of a link, which no server gets to see: `#r=` and base64url (RFC 4648) of raw DEFLATE (RFC 1951) of JSON. What can be
 * computed again is left out, and numbers have five digits.
 */

import { documentOf } from "../results.mjs";

const prefix = "#r=";
/** More than all cases take. A link of some kilobytes could unpack to gigabytes. */
const byteLimit = 2 ** 22;

const rounded = (value) => (typeof value === "number" ? Number(value.toPrecision(5)) : value);

async function collect(stream) {
  const parts = [];
  let length = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    length += value.byteLength;
    if (length > byteLimit) throw new RangeError("it is too long");
    parts.push(value);
  }
}

/** The fragment that stands for a document of results. */
export async function fragmentOf({ rows: _rows, targets: _targets, cases, ...about }) {
  const short = cases.map((each) => ({
    ...each,
    seconds: rounded(each.seconds),
    results: each.results.map((result) =>
      Object.fromEntries(Object.entries(result).map(([name, value]) => [name, rounded(value)])),
    ),
  }));
  const text = new Blob([JSON.stringify({ ...about, cases: short })]);
  const packed = await collect(text.stream().pipeThrough(new CompressionStream("deflate-raw")));
  const characters = Array.from(new Uint8Array(await packed.arrayBuffer()), (byte) => String.fromCharCode(byte));
  return prefix + btoa(characters.join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const isText = (value) => typeof value === "string";
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isFlag = (value) => typeof value === "boolean";
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const orNull = (is) => (value) => value === null || is(value);
const listOf = (is) => (value) => Array.isArray(value) && value.every(is);
const shaped = (fields) => (value) => isObject(value) && Object.entries(fields).every(([name, is]) => is(value[name]));
const isTexts = (value) => isObject(value) && Object.values(value).every(isText);

const isResult = (value) =>
  shaped({ name: isText, milliseconds: (time) => isNumber(time) && time > 0, count: isNumber })(value) &&
  Object.values(value).every((each) => isText(each) || isNumber(each));

/** Whoever made the link may have written anything. */
const isShort = shaped({
  date: (value) => isText(value) && !Number.isNaN(Date.parse(value)),
  seconds: isNumber,
  quick: isFlag,
  commit: orNull(isText),
  machine: shaped({
    processor: isText,
    cores: isNumber,
    memoryGiB: orNull(isNumber),
    system: isText,
    browser: isText,
    isIsolated: isFlag,
    hasSimd: isFlag,
    clockMicroseconds: isNumber,
  }),
  versions: isTexts,
  cases: listOf(
    shaped({
      id: isText,
      group: isText,
      title: isText,
      bytes: isNumber,
      seconds: isNumber,
      results: listOf(isResult),
      missing: listOf(shaped({ name: isText, reason: isText })),
    }),
  ),
});

/** The document that a fragment stands for; `undefined` if it is not one of these. Rejects if it is broken. */
export async function documentOfFragment(fragment) {
  if (!fragment.startsWith(prefix)) return undefined;
  const characters = atob(fragment.slice(prefix.length).replaceAll("-", "+").replaceAll("_", "/"));
  const packed = new Blob([Uint8Array.from(characters, (character) => character.charCodeAt(0))]);
  const text = await collect(packed.stream().pipeThrough(new DecompressionStream("deflate-raw")));
  const short = JSON.parse(await text.text());
  if (!isShort(short)) throw new TypeError("it is not one of results");
  return documentOf(short.cases, Date.parse(short.date), short.seconds, short);
}
