import { agent, magentic, magenticResult, type LedgerQuestion, type Turn } from "phasegraph";
import { byType, total } from "../project.js";
import type { SectionOf } from "../section.js";

const slot = <T>(answer: T, reason: string) => ({ reason, answer });

/** What a model would write into the progress ledger: who has not spoken yet is next. */
function ledger(turn: Turn): string {
  const next = turn.results["surveyor"] === undefined ? "surveyor" : "statistician";
  const done = turn.results["statistician"] !== undefined;
  return JSON.stringify({
    is_request_satisfied: slot(done, done ? "both have reported" : `${next} has not reported`),
    is_in_loop: slot(false, "nothing was asked twice"),
    is_progress_being_made: slot(true, "each report is new"),
    next_speaker: slot(next, "has not reported yet"),
    instruction_or_question: slot(next === "surveyor" ? "List the types of files." : "Say how long the files are.", "it is the next step"),
  });
}

export const magenticSection: SectionOf = ({ files }) => {
  const orchestrator = ({ purpose }: LedgerQuestion, turn: Turn): string => {
    switch (purpose) {
      case "facts":
        return `GIVEN: ${files.length} files.`;
      case "plan":
        return "1. surveyor: types. 2. statistician: lengths.";
      case "progress":
        return ledger(turn);
      case "answer":
        return `${turn.results["surveyor"]?.content}; ${turn.results["statistician"]?.content}`;
    }
  };
  return {
    pattern: "magentic",
    says: "an orchestrator with two ledgers leads specialists, and replans when they stall",
    orchestration: magentic({
      name: "magentic-team",
      maxRounds: 6,
      orchestrator,
      team: [
        agent({
          id: "surveyor",
          description: "Knows the types",
          run: () =>
            byType(files)
              .slice(0, 4)
              .map(([type, of]) => `${of.length} ${type === "" ? "without a type" : type}`)
              .join(", "),
        }),
        agent({
          id: "statistician",
          description: "Knows the lengths",
          run: () => `${Math.round(total(files, (file) => file.lines) / files.length)} lines on average`,
        }),
      ],
    }),
    input: "What kinds of files are there, and how long are they?",
    outcome: (state) => {
      const { stop, rounds, stalls, resets, answer } = magenticResult(state);
      return [`${stop} after ${rounds} rounds, ${stalls} stalls, ${resets} replans`, answer ?? ""];
    },
  };
};
