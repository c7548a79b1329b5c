import { agent, handoff, pipeline } from "phasegraph";
import type { SectionOf } from "../section.js";

export const pipelineSection: SectionOf = ({ files }) => {
  const isOther = (path: string): boolean => /test|spec|fixture|lock/i.test(path);
  return {
    pattern: "pipeline",
    says: "phases with ways back: what the examiner does not want goes back to the selection",
    orchestration: pipeline({
      name: "longest-source",
      waits: false,
      stages: [
        {
          phase: "selection",
          agent: agent({
            id: "selector",
            run: (turn) => {
              const returns = turn.control.trail.filter((entry) => entry.event === "HANDOFF.selection").length;
              const file = files[Math.min(returns, files.length - 1)];
              return handoff("examination", { summary: file?.path ?? "" });
            },
          }),
          next: "examination",
        },
        {
          phase: "examination",
          agent: agent({
            id: "examiner",
            run: (turn) => {
              const path = turn.handover?.summary ?? "";
              if (isOther(path) && turn.can({ type: "HANDOFF.selection" })) return handoff("selection", { reason: `${path} is no source` });
              return `${path}: ${files.find((file) => file.path === path)?.lines} lines`;
            },
          }),
          canReturnTo: ["selection"],
        },
      ],
    }),
    input: "Which file is the longest, tests and lock files aside?",
    outcome: (state) => [state.messages.at(-1)?.text ?? ""],
  };
};
