import { agent, consensus, consensusResult, vote } from "phasegraph";
import { occurrences, type SourceFile } from "../project.js";
import type { SectionOf } from "../section.js";

export const consensusSection: SectionOf = ({ files }) => {
  const candidates = files.slice(0, 20);
  /** Votes for the file with the most of something; the surer, the further it is ahead. */
  const judge = (id: string, of: string, measure: (file: SourceFile) => number) =>
    agent({
      id,
      run: () => {
        const [best, second] = [...candidates].sort((a, b) => measure(b) - measure(a));
        const [most, next] = [best, second].map((file) => (file === undefined ? 0 : measure(file))) as [number, number];
        return vote(best?.path ?? "", {
          confidence: most === 0 ? 0.1 : Math.round(Math.max(0.2, 1 - next / most) * 100) / 100,
          reason: `${most} ${of}`,
        });
      },
    });
  return {
    pattern: "consensus",
    says: "three judges vote, and the surest count most; those who disagree are heard",
    orchestration: consensus({
      name: "hardest-file",
      threshold: 0.5,
      voters: [
        judge("length", "lines", (file) => file.lines),
        judge("branches", "branches", (file) => occurrences(file.text, /\b(?:if|case|for|while|catch)\b/g)),
        judge("depth", "indented lines", (file) => occurrences(file.text, /^(?: {6,}|\t{3,})\S/gm)),
      ],
    }),
    input: "Which file is the hardest to read?",
    outcome: (state) => {
      const { winner, consensus: agreed, agreement, dissent } = consensusResult(state);
      return [
        `${agreed ? "agreed on" : "no consensus, most weight for"} ${winner ?? "nothing"} with ${Math.round(agreement * 100)} % of the weight`,
        ...dissent.map(({ voter, choice, reason }) => `${voter} was for ${choice}: ${reason}`),
      ];
    },
  };
};
