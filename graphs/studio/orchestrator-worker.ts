import { agent, orchestratorWorker, planner, planOf, type Turn } from "../../index.js";
import { wordsOf } from "./said.js";

const task = (turn: Turn): string => turn.messages[0]?.text ?? "";
const workers = [
  agent({ id: "counter", description: "Counts words, letters and numbers", run: (turn) => `${wordsOf(task(turn)).length} words` }),
  agent({
    id: "reader",
    description: "Reads, explains, answers",
    run: (turn) => `"${wordsOf(task(turn)).slice(0, 5).join(" ")}" after ${Object.keys(turn.results).length} results`,
  }),
];

/** Give it a list, nested if you like: each item is a task, an item waits for its own items, and the whole for all. */
export const graph = orchestratorWorker({
  name: "orchestrator-worker",
  description: "Takes your list apart, lets two workers do the items, and says how the plan went.",
  planner: planner({ id: "planner", workers, strategy: "hierarchical" }),
  workers,
  synthesizer: agent({
    id: "synthesizer",
    description: "Puts the results together",
    run: (turn) => {
      const plan = planOf(turn);
      const lines = plan?.progress.map(({ task: id, agent: who, status, content }) => `${id} (${who}, ${status}): ${content}`) ?? [];
      return [`${plan?.counts.completed} tasks, ${plan?.estimate.criticalPath.tasks.length} one after another.`, ...lines].join("\n");
    },
  }),
});
