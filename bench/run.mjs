/** `npm run bench`. */

import { main } from "./node/main.mjs";

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
