import { agent, router, send, type Turn } from "../../index.js";
import { said } from "./said.js";

const intents = { billing: /invoice|pay|price/i, tech: /broken|error|crash/i } as const;

/** An intent that words give away. */
const intentOf = (turn: Turn) => ({ intent: Object.entries(intents).find(([, words]) => words.test(said(turn)))?.[0] });
const isDone = (turn: Turn): boolean => /\b(thanks|bye)\b/i.test(said(turn));
const desk = (id: string, answer: string) =>
  agent({ id, description: `Answers about ${id}`, run: (turn) => (isDone(turn) ? send("RELEASE", { content: "Bye." }) : answer) });

/** Ask about an invoice or something broken: the desk keeps you until you say thanks. */
// #region router
export const graph = router({
  name: "router",
  description: "Your message goes to the desk that has you, else by rule, else to triage.",
  agents: [
    desk("billing", "Your invoice is paid."),
    desk("tech", "Have you tried turning it off and on?"),
    agent({ id: "triage", description: "Finds out what it is about", run: () => "Is it about an invoice, or is something broken?" }),
  ],
  about: intentOf,
  rules: [
    { to: "billing", when: { intents: ["billing"] } },
    { to: "tech", when: { intents: ["tech"], phases: ["intake"] } },
  ],
  default: "triage",
});
// #endregion
