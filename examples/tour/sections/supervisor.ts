import { agent, delegate, supervisor } from "phasegraph";
import { occurrences, total } from "../project.js";
import type { SectionOf } from "../section.js";

export const supervisorSection: SectionOf = ({ files }) => {
  const worker = (id: string, pattern: RegExp) =>
    agent({ id, run: () => `${total(files, (file) => occurrences(file.text, pattern))} ${id}` });
  return {
    pattern: "supervisor",
    says: "it gives out tasks, and the results come back as the answers of its own tool calls",
    orchestration: supervisor({
      name: "office",
      supervisor: agent({
        id: "boss",
        run: (turn) => {
          const asked = turn.messages.findLastIndex((message) => message.getType() === "human");
          const found = turn.messages.slice(asked).filter((message) => message.getType() === "tool");
          return found.length === 0
            ? delegate(turn, [
                { worker: "functions", task: "Count the functions." },
                { worker: "comments", task: "Count the comments." },
              ])
            : `My workers found ${found.map((message) => message.text).join(" and ")}.`;
        },
      }),
      workers: [worker("functions", /\bfunction\b|=>/g), worker("comments", /^\s*(?:\/\/|\/\*|#)/gm)],
    }),
    input: "How many functions and comments are there?",
    outcome: (state) => [state.messages.at(-1)?.text ?? ""],
  };
};
