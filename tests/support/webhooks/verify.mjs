// Verifies deliveries by the reference library, one a line of JSON on standard input.
// node verify.mjs FOLDER_OF_THE_LIBRARY
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Webhook } = createRequire(import.meta.url)(process.argv[2]);
const now = Date.now;

for (const line of readFileSync(0, "utf8").split("\n")) {
  const { secret, headers, body, later } = JSON.parse(line);
  Date.now = () => now() + later * 1000;
  try {
    new Webhook(secret).verify(body, headers);
    console.log("ok");
  } catch (error) {
    console.log(error.message);
  }
}
