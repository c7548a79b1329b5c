import { agent, sequential } from "phasegraph";
import { byType, total } from "../project.js";
import type { SectionOf } from "../section.js";

export const sequentialSection: SectionOf = ({ name, files }) => ({
  pattern: "sequential",
  says: "one agent after another, each with what the one before it found",
  orchestration: sequential({
    name: "survey",
    agents: [
      agent({
        id: "surveyor",
        run: () => `${files.length} files, ${total(files, (file) => file.lines)} lines`,
      }),
      agent({
        id: "sorter",
        run: () => {
          const [type, most] = byType(files)[0] ?? ["", []];
          return `most of them ${type === "" ? "without an extension" : type} (${most.length})`;
        },
      }),
      agent({ id: "titler", run: (turn) => `${name}: ${turn.results["surveyor"]?.content}, ${turn.results["sorter"]?.content}` }),
    ],
  }),
  input: `What is ${name}?`,
  outcome: (state) => [state.messages.at(-1)?.text ?? ""],
});
