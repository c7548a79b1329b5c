import { agent, parallel } from "../../index.js";
import { said, sentencesOf, wordsOf } from "./said.js";

/** Give it a text: three readers measure it at once, and one puts their findings together. */
export const graph = parallel({
  name: "parallel",
  description: "Three readers look at your text at once; the synthesizer sums up.",
  branches: [
    agent({
      id: "counter",
      description: "Counts",
      run: (turn) => `${wordsOf(said(turn)).length} words in ${sentencesOf(said(turn)).length} sentences`,
    }),
    agent({
      id: "vocabulary",
      description: "Finds different words",
      run: (turn) => `${new Set(wordsOf(said(turn)).map((word) => word.toLowerCase())).size} different words`,
    }),
    agent({
      id: "longest",
      description: "Finds the longest word",
      run: (turn) => `longest word: ${[...wordsOf(said(turn))].sort((a, b) => b.length - a.length)[0] ?? "none"}`,
    }),
  ],
  synthesizer: agent({
    id: "synthesizer",
    description: "Sums up",
    run: (turn) =>
      Object.values(turn.results)
        .map((result) => result.content)
        .join("; "),
  }),
});
