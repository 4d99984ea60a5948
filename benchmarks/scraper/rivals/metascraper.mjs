// Answers one line of JSON on standard output for each on standard input.
// A request is {"url", "html"}; an answer is {"fields", "seconds"}: the CPU time of one page.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH}/`);
const load = (name) => require(name);

const scrape = load("metascraper")([
  load("metascraper-author")(),
  load("metascraper-date")(),
  load("metascraper-description")(),
  load("metascraper-image")(),
  load("metascraper-lang")(),
  load("metascraper-publisher")(),
  load("metascraper-title")(),
]);

for await (const line of createInterface({ input: process.stdin })) {
  const began = process.cpuUsage();
  const fields = await scrape(JSON.parse(line)).catch((error) => ({ error: String(error) }));
  const { user, system } = process.cpuUsage(began);
  process.stdout.write(`${JSON.stringify({ fields, seconds: (user + system) / 1e6 })}\n`);
}
