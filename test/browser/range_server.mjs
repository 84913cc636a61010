/** A web server of values, for tests of stores: `/values/<manner>/<name>`, where the manner is how it answers, well or badly. */

const values = {
  ten: Uint8Array.from({ length: 10 }, (_, i) => i),
  empty: new Uint8Array(),
  "%C3%A4%20%25%3F": Uint8Array.of(7),
};

/** What it makes of the answer to a range: the span [first, end) of the body, and the Content-Range that it tells. */
const manners = {
  well: (span) => span,
  "without-size": (span) => ({ ...span, told: span.told.replace(/\/.*/, "/*") }),
  "without-header": (span) => ({ ...span, told: undefined }),
  short: (span) => ({ ...span, end: span.end - 1 }),
  elsewhere: ({ first, end }) => ({ first: first + 1, end: end + 1, told: `bytes ${first + 1}-${end}/10` }),
};

export function answerRange(request, response, [manner, name]) {
  if (manner === "down") return response.writeHead(503).end();
  const value = values[name];
  if (value === undefined) return response.writeHead(404).end();
  if (manner === "tells-headers") return response.end(request.headers["x-test"] ?? "none");
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
  if (range === null || manner === "without-ranges") {
    return response
      .writeHead(200, { "Content-Length": value.length })
      .end(request.method === "HEAD" ? undefined : value);
  }
  const first = range[1] === "" ? Math.max(0, value.length - Number(range[2])) : Number(range[1]);
  const end = range[1] === "" ? value.length : Math.min(value.length, Number(range[2]) + 1);
  if (first >= value.length) return response.writeHead(416).end();
  const span = manners[manner]({ first, end, told: `bytes ${first}-${end - 1}/${value.length}` });
  const headers = span.told === undefined ? {} : { "Content-Range": span.told };
  return response.writeHead(206, headers).end(value.subarray(span.first, span.end));
}
