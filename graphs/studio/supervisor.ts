import { agent, delegate, supervisor, type Turn } from "../../index.js";
import { said, sentencesOf, wordsOf } from "./said.js";

const task = (turn: Turn): string => turn.messages[0]?.text ?? "";

/** Give it a text: the supervisor lets two workers look at it, each on its own, and tells what they found. */
export const graph = supervisor({
  name: "supervisor",
  description: "A supervisor that lets two workers look at your text, and tells what they found.",
  supervisor: agent({
    id: "boss",
    description: "Delegates, and talks with you",
    run: (turn) => {
      const results = turn.messages.slice(turn.messages.findLastIndex((message) => message.getType() === "human") + 1);
      const found = results.filter((message) => message.getType() === "tool").map((message) => message.text);
      if (found.length > 0) return `My workers found: ${found.join("; ")}.`;
      return delegate(turn, [
        { worker: "counter", task: said(turn) },
        { worker: "keywords", task: said(turn) },
      ]);
    },
  }),
  workers: [
    agent({
      id: "counter",
      description: "Counts words and sentences",
      run: (turn) => `${wordsOf(task(turn)).length} words in ${sentencesOf(task(turn)).length} sentences`,
    }),
    agent({
      id: "keywords",
      description: "Finds the longest words",
      run: (turn) =>
        `long words: ${[...new Set(wordsOf(task(turn)))]
          .sort((a, b) => b.length - a.length)
          .slice(0, 3)
          .join(", ")}`,
    }),
  ],
});
