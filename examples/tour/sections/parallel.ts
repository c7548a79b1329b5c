import { agent, parallel } from "phasegraph";
import { occurrences, total } from "../project.js";
import type { SectionOf } from "../section.js";

export const parallelSection: SectionOf = ({ files }) => {
  const counts = (id: string, what: string, pattern: RegExp) =>
    agent({ id, run: () => `${total(files, (file) => occurrences(file.text, pattern))} ${what}` });
  return {
    pattern: "parallel",
    says: "three counters at once, one of them fails, and its siblings go on",
    orchestration: parallel({
      name: "counts",
      branches: [
        counts("todos", "notes to do", /\b(?:TODO|FIXME)\b/g),
        counts("imports", "imports", /^\s*import\b/gm),
        agent({
          id: "fragile",
          run: () => {
            throw new Error("this one always fails");
          },
        }),
      ],
      synthesizer: agent({
        id: "editor",
        run: ({ results }) =>
          Object.values(results)
            .map((result) => (result.status === "ok" ? result.content : `(${result.agent} failed: ${result.error?.message})`))
            .join(", "),
      }),
    }),
    input: "Count what there is to count.",
    outcome: (state) => [state.messages.at(-1)?.text ?? ""],
  };
};
