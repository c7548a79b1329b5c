import { agent, handoff, swarm, type Outcome, type Turn } from "../../index.js";
import { said } from "./said.js";

const DESKS = { billing: /invoice|pay|price/i, travel: /flight|train|hotel/i, support: /broken|error|help/i } as const;

/** Answers what is its own; hands over what is another desk's. */
function desk(id: keyof typeof DESKS, answer: string) {
  const run = (turn: Turn): Outcome | string => {
    const other = Object.entries(DESKS).find(([name, words]) => name !== id && words.test(said(turn)))?.[0];
    const open = turn.handoffs().some((target) => target.agent === other);
    return other === undefined || !open || DESKS[id].test(said(turn)) ? answer : handoff(other, { reason: `a question for ${other}` });
  };
  return agent({ id, description: `Answers about ${id}`, run });
}

/** Ask about an invoice, a flight or something broken: the desk that knows answers, and goes on with you. */
export const graph = swarm({
  name: "swarm",
  description: "Three desks that hand you over to each other.",
  agents: [
    desk("support", "Have you tried turning it off and on?"),
    desk("billing", "Your invoice is paid."),
    desk("travel", "There is a train at nine."),
  ],
});
