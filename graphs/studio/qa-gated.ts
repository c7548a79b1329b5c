import { agent, qaGated, qaResult, recordChange, sign, writeCharter, type Turn } from "../../index.js";
import { said, wordsOf } from "./said.js";

const LIMIT = 12;
const draftOf = (turn: Turn): string => qaResult(turn).records.at(-1)?.changed ?? "";

const CHECKS = [
  { text: `it has at most ${LIMIT} words`, holds: (draft: string) => wordsOf(draft).length <= LIMIT },
  { text: "it has no exclamation mark", holds: (draft: string) => !draft.includes("!") },
] as const;

/** Does one thing at a time: first it shortens, then it lowers the voice. */
const improved = (draft: string): string =>
  wordsOf(draft).length > LIMIT ? draft.split(/\s+/).slice(0, LIMIT).join(" ") : draft.replaceAll("!", ".");

/** Give it a text: it is rewritten until QA has signed every item of the charter. */
// #region qa-gated
export const graph = qaGated({
  name: "qa-gated",
  description: "Your text is rewritten until QA has signed every item of the charter.",
  maxIterations: 4,
  planner: agent({
    id: "planner",
    description: "Writes the charter",
    run: () => writeCharter({ goal: "A short and quiet text", criteria: CHECKS.map((check) => check.text) }),
  }),
  implementer: agent({
    id: "writer",
    description: "Rewrites the text",
    run: (turn) => recordChange({ changed: draftOf(turn) === "" ? said(turn) : improved(draftOf(turn)), verified: "read once more" }),
  }),
  qa: agent({
    id: "qa",
    description: "Signs what holds",
    run: (turn) => {
      const items = qaResult(turn).charter?.criteria ?? [];
      return sign(items.map(({ id }, index) => ({ id, met: CHECKS[index]?.holds(draftOf(turn)) === true, evidence: "I have counted." })));
    },
  }),
});
// #endregion
