import { agent, broadcast } from "../../index.js";
import { said, sentencesOf, wordsOf } from "./said.js";

/** Give it a text: all answer at once, or only the roles that `agent_role` names. */
// #region broadcast
export const graph = broadcast({
  name: "broadcast",
  description: "One message to all agents of its roles, at once.",
  roles: {
    counting: {
      agents: [
        agent({ id: "words", description: "Counts words", run: (turn) => `${wordsOf(said(turn)).length} words` }),
        agent({ id: "sentences", description: "Counts sentences", run: (turn) => `${sentencesOf(said(turn)).length} sentences` }),
      ],
    },
    judging: {
      lite: [agent({ id: "taste", description: "Has an opinion", run: (turn) => (said(turn).length > 80 ? "too long" : "fine") })],
    },
  },
  synthesizer: agent({
    id: "summary",
    description: "Sums up",
    run: ({ results }) =>
      Object.values(results)
        .flatMap(({ content }) => content || [])
        .join("; "),
  }),
});
// #endregion
