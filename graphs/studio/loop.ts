import { agent, approve, loop, revise, type Turn } from "../../index.js";
import { said, wordsOf } from "./said.js";

const draftOf = (turn: Turn): string => turn.results["writer"]?.content ?? "";
const LIMIT = 12;

/** Give it a text: the writer shortens it until one reviewer finds it short enough and the other finds nothing shouted. */
export const graph = loop({
  name: "loop",
  description: "A writer shortens your text until both reviewers approve.",
  maxIterations: 4,
  producer: agent({
    id: "writer",
    description: "Shortens the text",
    run: (turn) => {
      const before = draftOf(turn) === "" ? said(turn) : draftOf(turn);
      const words = before.split(/\s+/);
      return draftOf(turn) === ""
        ? before
        : words
            .slice(0, Math.max(LIMIT, Math.ceil(words.length / 2)))
            .join(" ")
            .replaceAll("!", ".");
    },
  }),
  reviewers: [
    agent({
      id: "length",
      description: `At most ${LIMIT} words`,
      run: (turn) => (wordsOf(draftOf(turn)).length <= LIMIT ? approve() : revise(`At most ${LIMIT} words, please.`)),
    }),
    agent({
      id: "tone",
      description: "No shouting",
      run: (turn) => (draftOf(turn).includes("!") ? revise("No exclamation marks.") : approve()),
    }),
  ],
});
