import { agent, magentic, type LedgerQuestion, type Turn } from "../../index.js";
import { sentencesOf, wordsOf } from "./said.js";

const slot = <T>(answer: T, reason: string) => ({ reason, answer });
const textOf = (turn: Turn): string => (turn.results["facts"]?.data as { readonly task: string } | undefined)?.task ?? "";

/** What a model would find: who has not spoken yet is asked, and without a single word in the text nothing leads on. */
function ledger(task: string, turn: Turn): string {
  const next = turn.results["reader"] === undefined ? "reader" : "counter";
  const isDone = turn.results["counter"] !== undefined;
  const hasWords = wordsOf(task).length > 0;
  return JSON.stringify({
    is_request_satisfied: slot(isDone && hasWords, isDone ? "Both have reported." : `${next} has not reported.`),
    is_in_loop: slot(!hasWords && isDone, "The same is asked again."),
    is_progress_being_made: slot(hasWords, hasWords ? "There is a text." : "There are no words in the text."),
    next_speaker: slot(next, "Who has not reported yet."),
    instruction_or_question: slot(next === "reader" ? "Split the text into sentences." : "Count the words of each sentence.", ""),
  });
}

function answer({ purpose, task }: LedgerQuestion, turn: Turn): string {
  switch (purpose) {
    case "facts":
      return `GIVEN: a text of ${task.length} characters.\nTO DERIVE: its sentences and their words.`;
    case "plan":
      return "1. reader: split the text.\n2. counter: count the words.";
    case "progress":
      return ledger(task, turn);
    case "answer":
      return turn.results["counter"]?.content ?? "There is nothing to count.";
  }
}

/** Give it a text: the orchestrator keeps its ledgers, has the text read and counted, and answers. A text without a word makes it stall. */
export const graph = magentic({
  name: "magentic",
  description: "A reader and a counter, led by an orchestrator with two ledgers.",
  maxRounds: 6,
  maxStalls: 2,
  maxResets: 1,
  orchestrator: answer,
  team: [
    agent({ id: "reader", description: "Splits a text into sentences", run: (turn) => sentencesOf(textOf(turn)).join("\n") }),
    agent({
      id: "counter",
      description: "Counts the words of each sentence",
      run: (turn) =>
        sentencesOf(textOf(turn))
          .map((sentence) => `${wordsOf(sentence).length}: ${sentence}`)
          .join("\n"),
    }),
  ],
});
