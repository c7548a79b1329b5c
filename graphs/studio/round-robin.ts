import { agent, roundRobin } from "../../index.js";
import { said, wordsOf } from "./said.js";

const greeter = (id: string, greeting: string) =>
  agent({ id, description: `Says ${greeting}`, run: (turn) => `${greeting}! ${wordsOf(said(turn)).length} words, I see.` });

const counter = agent({
  id: "counter",
  description: "Counts letters",
  run: (turn) => {
    const letters = said(turn).match(/\p{L}/gu)?.length ?? 0;
    if (letters === 0) throw new Error("There is nothing to count.");
    return `${letters} letters.`;
  },
});

/** Say something, again and again: the greeters answer in turn. With `agent_role: "counting"` the counter does. */
// #region round-robin
export const graph = roundRobin({
  name: "round-robin",
  description: "The agents of a role answer in turn; a lite agent stands in for one that fails.",
  roles: {
    greeting: { agents: [greeter("anna", "Hello"), greeter("ben", "Good day"), greeter("cleo", "Hi")] },
    counting: { agents: [counter], lite: [agent({ id: "shrug", description: "Stands in", run: () => "No letters at all." })] },
  },
});
// #endregion
