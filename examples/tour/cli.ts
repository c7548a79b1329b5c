import { Command } from "commander";

const program = new Command("tour")
  .description(
    "Shows every pattern at work on the files of a directory: its picture, who does what, and what came of it. No key, no server.",
  )
  .argument("[path]", "directory to look at", ".")
  .option("--only <patterns>", "comma-separated names, such as swarm,loop")
  .option("--list", "only name the patterns", false)
  .parse();
const flags = program.opts<{ only?: string; list: boolean }>();
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.stdout.on("error", () => undefined); // whoever read it has left

const [{ tour }, { SECTIONS }] = await Promise.all([import("./tour.js"), import("./sections/index.js")]);
const names = Object.keys(SECTIONS);
const asked = flags.only?.split(",").map((name) => name.trim()) ?? names;
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) program.error(`There is no pattern "${unknown.join('", "')}"; there are ${names.join(", ")}.`);
if (flags.list) process.stdout.write(`${names.join("\n")}\n`);
else {
  try {
    const failed = await tour({
      path: program.processedArgs[0] as string, // has a default
      sections: asked.flatMap((name) => SECTIONS[name] ?? []),
      screen: process.stdout,
      colours: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
      signal: stop.signal,
    });
    process.exitCode = stop.signal.aborted ? 130 : failed > 0 ? 2 : 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
