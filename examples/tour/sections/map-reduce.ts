import { agent, mapReduce, reply } from "phasegraph";
import type { SectionOf } from "../section.js";

export const mapReduceSection: SectionOf = ({ files }) => ({
  pattern: "mapReduce",
  says: "every file is a task of its own, a few at a time; the results are summed up as they come",
  orchestration: mapReduce({
    name: "words",
    items: () => files.map((_file, index) => index),
    concurrency: 16,
    mapper: agent({
      id: "counter",
      run: (turn) => reply("", { data: files[Number(turn.task?.data)]?.text.match(/\p{L}{4,}/gu)?.length ?? 0 }),
    }),
    fold: { initial: 0, step: (sum, record) => Number(sum) + Number(record.data ?? 0) },
    reducer: agent({
      id: "sum",
      run: (turn) => `${Number(turn.results["map"]?.data)} words of four letters and more in ${files.length} files`,
    }),
  }),
  input: "How many words are there?",
  outcome: (state) => [state.messages.at(-1)?.text ?? ""],
});
