import { agent, approve, loop, loopResult, revise } from "phasegraph";
import { total } from "../project.js";
import type { SectionOf } from "../section.js";

export const loopSection: SectionOf = ({ name, files }) => {
  const lines = total(files, (file) => file.lines);
  return {
    pattern: "loop",
    says: "a writer and two reviewers, until both approve or the limit is met",
    orchestration: loop({
      name: "blurb",
      maxIterations: 4,
      producer: agent({
        id: "writer",
        run: (turn) => {
          const asked =
            (turn.control.context["verdicts"] as { feedback: string }[] | undefined)?.map(({ feedback }) => feedback).join(" ") ?? "";
          const facts = asked.includes("lines") ? ` of ${lines} lines` : "";
          const praise = asked.includes("praise") ? "" : ", simply the best there is";
          return `${name} is a project${facts} in ${files.length} files${praise}.`;
        },
      }),
      reviewers: [
        agent({
          id: "facts",
          run: (turn) =>
            turn.results["writer"]?.content.includes(String(lines)) === true ? approve("true") : revise("Say how many lines."),
        }),
        agent({
          id: "tone",
          run: (turn) => (turn.results["writer"]?.content.includes("best") === true ? revise("No praise.") : approve("sober")),
        }),
      ],
    }),
    input: "Describe it in one sentence.",
    outcome: (state) => {
      const { approved, iteration } = loopResult(state);
      return [`${approved ? "approved" : "not approved"} after ${iteration} drafts`, state.results["writer"]?.content ?? ""];
    },
  };
};
