import { readdirSync } from "node:fs";
import { basename } from "node:path";

/** `npm run example -- hello` runs examples/01-hello.ts and prints what its main() returns. */
const names = readdirSync(import.meta.dirname)
  .filter((file) => /^\d\d-.*\.ts$/.test(file))
  .map((file) => basename(file, ".ts"));
const asked = process.argv[2];
const name = names.find((known) => known === asked || known.slice(3) === asked);
if (name === undefined) {
  console.error(`Usage: npm run example -- <name>\n  ${names.map((known) => known.slice(3)).join("\n  ")}`);
  process.exitCode = asked === undefined || asked === "--help" ? 0 : 1;
} else {
  const { main } = (await import(`./${name}.ts`)) as { main: () => Promise<string> };
  console.log(await main());
}
