import { agent, hierarchical, reply } from "../../index.js";
import { said, sentencesOf, wordsOf } from "./said.js";

const LONG = 7;

const letters = agent({
  id: "letters",
  description: "Counts",
  run: (turn) => reply("", { data: { letters: said(turn).match(/\p{L}/gu)?.length ?? 0 } }),
});
const longWords = agent({
  id: "long-words",
  description: "Finds long words",
  run: (turn) => reply("", { data: { long: wordsOf(said(turn)).filter((word) => word.length > LONG) } }),
});
const sentences = agent({
  id: "sentences",
  description: "Counts",
  run: (turn) => reply("", { data: { sentences: sentencesOf(said(turn)).length } }),
});

/** A team within the team: what its members find is one object. */
const words = hierarchical({ name: "words", description: "Looks at words", members: [letters, longWords], aggregate: "merge" });

/** Give it a text: one sub-agent, and a team of two, measure it; their findings become one object. */
// #region hierarchical
export const graph = hierarchical({
  name: "hierarchical",
  description: "A main task in parts, one of them done by a team of its own; their findings become one.",
  lead: agent({ id: "lead", description: "Says what to do", run: (turn) => `Let us measure ${wordsOf(said(turn)).length} words.` }),
  members: [words, sentences],
  aggregate: "merge",
});
// #endregion
