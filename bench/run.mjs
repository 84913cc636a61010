/** `npm run bench`. */

import { main } from "./node/main.mjs";

main(process.argv.slice(2)).catch((error) => {
  const isUsage = error.code?.startsWith("ERR_PARSE_ARGS");
  console.error(isUsage ? error.message : error);
  process.exitCode = isUsage ? 2 : 1;
});
