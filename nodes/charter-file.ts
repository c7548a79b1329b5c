import type * as Files from "node:fs/promises";
import type { Agent } from "../src/agent/agent.js";
import { send } from "../src/agent/outcome.js";
import { InvalidRequestError } from "../src/base/errors.js";
import type { CharterStatus } from "../src/charter/charter.js";
import { charterFrom, charterMarkdown } from "../src/charter/markdown.js";
import { agent } from "./agent.js";

/** A planner that takes the charter from a file, `TASK_CHARTER.md` or `.json`. A file that is missing or no charter ends the run with an error. */
export function charterReader<const Id extends string = "planner">(file: string, id?: Id): Agent<Id> {
  return agent({
    id: id ?? ("planner" as Id), // the default of the type parameter
    description: `Reads ${file}`,
    run: async () => {
      const text = await filesFor(file).readFile(file, "utf8");
      return send({ type: "CHARTER", charter: charterFrom(text) }, { content: `The charter is that of ${file}.` });
    },
  });
}

/** Keeps a file as the charter stands: for `onCharter`. `.json` is written as JSON, anything else as Markdown; whole, or not at all. */
export function charterWriter(file: string): (status: CharterStatus) => Promise<void> {
  return async (status) => {
    const text = file.endsWith(".json") ? `${JSON.stringify(jsonOf(status), null, 2)}\n` : charterMarkdown(status);
    const files = filesFor(file);
    const folder = /^(.*)[/\\]/s.exec(file)?.[1] ?? "";
    if (folder !== "") await files.mkdir(folder, { recursive: true });
    await files.writeFile(`${file}.part`, text);
    await files.rename(`${file}.part`, file);
  };
}

/** Asked for when a file is, and not imported: everything else here runs in browsers too. */
function filesFor(file: string): typeof Files {
  const files = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  if (files === undefined)
    throw new InvalidRequestError(`The charter in "${file}"`, "there are no files here", "a program that runs in Node");
  return files;
}

const jsonOf = ({ charter, records, verdicts }: CharterStatus) => ({
  goal: charter.goal,
  paths: charter.paths,
  criteria: charter.criteria.map((item) => item.text),
  checklist: charter.checklist.map((item) => item.text),
  records,
  verdicts,
});
