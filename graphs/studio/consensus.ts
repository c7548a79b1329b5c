import { agent, consensus, consensusResult, vote, type Turn } from "../../index.js";
import { said, wordsOf } from "./said.js";

const CHOICES = ["short", "long"] as const;

/** Votes as its measure says, and the surer the further the text is from the limit; later, it follows a majority it is not sure against. */
function judge(id: string, measure: (text: string) => number, limit: number) {
  const run = (turn: Turn) => {
    const before = consensusResult(turn);
    const own = before.ballots.find((ballot) => ballot.voter === id);
    if (own !== undefined && before.winner !== undefined && own.choice !== before.winner && own.confidence < 0.5)
      return vote(before.winner, { confidence: 0.5, reason: "the others convinced me" });
    const value = measure(said(turn));
    const confidence = Math.min(1, Math.abs(value - limit) / limit);
    return vote(value > limit ? "long" : "short", { confidence, reason: `${value} where ${limit} is the limit` });
  };
  return agent({ id, description: `Looks at ${id}`, run });
}

/** Give it a text: two judges vote whether it is short or long, once more if they do not agree. */
// #region consensus
export const graph = consensus({
  name: "consensus",
  description: "Two judges vote whether your text is short or long.",
  choices: CHOICES,
  rounds: 2,
  minAgreement: 1,
  voters: [judge("words", (text) => wordsOf(text).length, 10), judge("characters", (text) => text.length, 60)],
});
// #endregion
