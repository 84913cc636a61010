/** `node readers_writer.mjs ROOT KEY KIND`: writes versions of a value (readers_values.mjs), one after the other, until it is killed. */
import { LocalStore } from "../../dist/node.js";
import { write } from "./readers_values.mjs";

const [root, key, kind] = process.argv.slice(2);
const store = new LocalStore(root);
for (let k = 1; ; k = (k % 255) + 1) {
  write(store, key, kind, k);
  if (k === 1) process.stdout.write(".");
}
