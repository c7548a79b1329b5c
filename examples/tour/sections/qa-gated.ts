import { agent, qaGated, qaResult, recordChange, sign, writeCharter, type Turn } from "phasegraph";
import type { SectionOf } from "../section.js";

export const qaGatedSection: SectionOf = ({ name, files }) => {
  const longest = files[0];
  const checks = [
    { text: "it names the project", holds: (draft: string) => draft.includes(name) },
    { text: `it names the longest file`, holds: (draft: string) => draft.includes(longest?.path ?? "") },
  ];
  const draftOf = (turn: Turn): string => qaResult(turn).records.at(-1)?.changed ?? "";
  return {
    pattern: "qaGated",
    says: "work passes only when every item of a shared charter is signed, with evidence",
    orchestration: qaGated({
      name: "caption",
      maxIterations: 4,
      planner: agent({ id: "planner", run: () => writeCharter({ goal: "A caption", criteria: checks.map((check) => check.text) }) }),
      implementer: agent({
        id: "writer",
        run: (turn) => {
          const changed = draftOf(turn) === "" ? `This is ${name}.` : `${draftOf(turn)} Its longest file is ${longest?.path}.`;
          return recordChange({ changed, verified: "read once more" });
        },
      }),
      qa: agent({
        id: "qa",
        run: (turn) =>
          sign(
            (qaResult(turn).charter?.criteria ?? []).map(({ id }, index) => {
              const met = checks[index]?.holds(draftOf(turn)) === true;
              return { id, met, evidence: met ? "found in the text" : "not found in the text" };
            }),
          ),
      }),
    }),
    input: "Write a caption.",
    outcome: (state) => [qaResult(state).records.at(-1)?.changed ?? "", `${qaResult(state).records.length} drafts`],
  };
};
