import { agent, handoff, human, pipeline } from "../../index.js";
import { said } from "./said.js";

/** A support desk: say what is wrong and name an order like #42; "again" goes back to the intake, "thanks" asks a person to close the case. */
export const graph = pipeline({
  name: "pipeline",
  description: "A support desk in three phases, with a way back from each.",
  stages: [
    {
      phase: "intake",
      agent: agent({
        id: "triage",
        description: "Finds out what it is about",
        run: (turn) => {
          const order = /#\d+/.exec(said(turn))?.[0];
          return order === undefined
            ? "Which order is it about? Write it like #42."
            : handoff("handling", { reason: "the order is known", summary: `Order ${order}` });
        },
      }),
      next: "handling",
    },
    {
      phase: "handling",
      agent: agent({
        id: "handler",
        description: "Solves the problem",
        run: (turn) => {
          if (/\bagain\b/i.test(said(turn))) return handoff("intake", { reason: "it is about something else" });
          if (/\bthank/i.test(said(turn))) return handoff("resolution", { reason: "the customer is content" });
          return `${turn.handover?.summary ?? "Your order"} is on its way again. Say "thanks", or "again" for another order.`;
        },
      }),
      next: "resolution",
      canReturnTo: ["intake"],
    },
    {
      phase: "resolution",
      agent: human({ id: "clerk", description: "A person, who closes the case", question: "May the case be closed? Answer the customer." }),
      canReturnTo: ["intake"],
    },
  ],
});
