import { agent, mapped, mapReduce, reply, type Turn } from "../../index.js";
import { said, sentencesOf, wordsOf } from "./said.js";

/** Give it a text: every sentence is counted on its own, and the reducer names the longest. */
export const graph = mapReduce({
  name: "map-reduce",
  description: "Counts the words of every sentence at once; the reducer names the longest.",
  items: (turn) => sentencesOf(said(turn as Turn)),
  mapper: agent({
    id: "counter",
    description: "Counts the words of one sentence",
    run: (turn) => reply("", { data: wordsOf(String(turn.task?.data)).length }),
  }),
  reducer: agent({
    id: "longest",
    description: "Names the longest sentence",
    run: (turn) => {
      const counts = mapped(turn).map((record) => Number(record.data));
      const most = Math.max(0, ...counts);
      return `${counts.length} sentences; the longest is number ${counts.indexOf(most) + 1} with ${most} words`;
    },
  }),
});
