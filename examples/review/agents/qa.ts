import { agent, send, type Agent, type Outcome, type Turn } from "phasegraph";
import { checkReport } from "../check.js";
import { evidenceOf, type ReviewState } from "../state.js";

const MAX_FEEDBACK = 4_000;

/** Approves a report only when it says what was found, all of it that matters, and nothing else. Never a model's opinion. */
export const qa: Agent<"qa", ReviewState> = agent({
  id: "qa",
  description: "Checks the report against the findings",
  run: (turn: Turn<ReviewState>): Outcome<ReviewState> => {
    const report = turn.results["editor"]?.content ?? "";
    const objections = checkReport(report, evidenceOf(turn.state, turn.results));
    if (objections.length === 0) return send("APPROVE", { content: "Approved: the report says what was found.", update: { objections } });
    const feedback = objections
      .map((objection) => objection.text)
      .join("; ")
      .slice(0, MAX_FEEDBACK);
    return send({ type: "REVISE", feedback }, { content: `Sent back: ${feedback}.`, update: { objections } });
  },
});
