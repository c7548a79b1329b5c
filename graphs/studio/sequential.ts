import { agent, sequential } from "../../index.js";
import { said, sentencesOf, wordsOf } from "./said.js";

/** Give it a text: the outliner lists its sentences, the condenser keeps the shortest, the titler makes a title of that. */
export const graph = sequential({
  name: "sequential",
  description: "An outline, a short version and a title of your text, one after another.",
  agents: [
    agent({
      id: "outliner",
      description: "Lists the sentences",
      run: (turn) =>
        sentencesOf(said(turn))
          .map((sentence, index) => `${index + 1}. ${sentence}`)
          .join("\n"),
    }),
    agent({
      id: "condenser",
      description: "Keeps the shortest sentence",
      run: (turn) => [...sentencesOf(said(turn))].sort((a, b) => a.length - b.length)[0] ?? "Nothing to condense.",
    }),
    agent({
      id: "titler",
      description: "Makes a title",
      run: (turn) =>
        wordsOf(turn.results["condenser"]?.content ?? "")
          .slice(0, 6)
          .join(" "),
    }),
  ],
});
