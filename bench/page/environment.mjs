/** What a result depends on besides the code, as far as a page can know it. */

import { hasSharedWorkers } from "../../src/browser/thread.ts";

/** A function that adds two vectors: valid where there is SIMD. https://webassembly.github.io/spec/core/binary/modules.html */
const simdModule = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 4, 1, 0x60, 0, 0],
  ...[0x03, 2, 1, 0],
  ...[0x0a, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b],
);

const browsers = [
  ["Edge", /Edg\/([\d.]+)/],
  ["Firefox", /Firefox\/([\d.]+)/],
  ["Chromium", /Chrome\/([\d.]+)/],
  ["Safari", /Version\/([\d.]+).*Safari/],
];

function describeBrowser({ userAgent }) {
  for (const [name, pattern] of browsers) {
    const found = pattern.exec(userAgent);
    if (found !== null) return { name, version: found[1] };
  }
  return { name: "unknown browser", version: "" };
}

/** The smallest step of the clock, in milliseconds: 5 µs where a page is isolated, 100 µs and more elsewhere. */
export function clockStep(now) {
  let smallest = Number.POSITIVE_INFINITY;
  for (let steps = 0; steps < 5; steps++) {
    const start = now();
    let time = start;
    while (time === start) time = now();
    smallest = Math.min(smallest, time - start);
  }
  return smallest;
}

/** `{ reason }` where syncodec cannot share its work among workers. */
export function describeWorkers() {
  if (!globalThis.crossOriginIsolated) {
    return {
      reason: "needs a cross-origin isolated page (headers COOP and COEP), which alone may share memory with workers",
    };
  }
  if (!hasSharedWorkers()) return { reason: "needs Atomics.waitAsync, which this browser does not have" };
  return navigator.hardwareConcurrency < 2 ? { reason: "needs a second core" } : {};
}

/** The `machine` of a document of results. */
export function describeMachine() {
  const { hardwareConcurrency, deviceMemory, userAgentData, platform } = navigator;
  const browser = describeBrowser(navigator);
  return {
    processor: "unknown to pages",
    cores: hardwareConcurrency,
    memoryGiB: deviceMemory ?? null,
    system: userAgentData?.platform || platform,
    browser: `${browser.name} ${browser.version}`,
    isIsolated: globalThis.crossOriginIsolated,
    hasSimd: WebAssembly.validate(simdModule),
    clockMicroseconds: Math.round(clockStep(() => performance.now()) * 1000),
  };
}
