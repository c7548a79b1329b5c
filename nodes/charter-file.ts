import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Agent } from "../src/agent/agent.js";
import { send } from "../src/agent/outcome.js";
import type { CharterStatus } from "../src/charter/charter.js";
import { charterFrom, charterMarkdown } from "../src/charter/markdown.js";
import { agent } from "./agent.js";

/** A planner that takes the charter from a file, `TASK_CHARTER.md` or `.json`. A file that is missing or no charter ends the run with an error. */
export function charterReader<const Id extends string = "planner">(file: string, id?: Id): Agent<Id> {
  return agent({
    id: id ?? ("planner" as Id), // the default of the type parameter
    description: `Reads ${file}`,
    run: async () =>
      send({ type: "CHARTER", charter: charterFrom(await readFile(file, "utf8")) }, { content: `The charter is that of ${file}.` }),
  });
}

/** Keeps a file as the charter stands: for `onCharter`. `.json` is written as JSON, anything else as Markdown; whole, or not at all. */
export function charterWriter(file: string): (status: CharterStatus) => Promise<void> {
  return async (status) => {
    const text = file.endsWith(".json") ? `${JSON.stringify(jsonOf(status), null, 2)}\n` : charterMarkdown(status);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.part`, text);
    await rename(`${file}.part`, file);
  };
}

const jsonOf = ({ charter, records, verdicts }: CharterStatus) => ({
  goal: charter.goal,
  paths: charter.paths,
  criteria: charter.criteria.map((item) => item.text),
  checklist: charter.checklist.map((item) => item.text),
  records,
  verdicts,
});
