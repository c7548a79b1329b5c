import { agent, orchestratorWorker, planner, planOf, type Turn } from "phasegraph";

const task = (turn: Turn): string => turn.messages[0]?.text.split("\n")[0] ?? "";

// #region plan
const workers = [
  agent({ id: "shopper", description: "buys and fetches things", run: (turn) => `${task(turn)}: done.` }),
  agent({
    id: "cook",
    description: "cooks, bakes and mixes",
    run: (turn) => `${task(turn)}: done, from ${Object.keys(turn.results).length} parts.`,
  }),
];

export const orchestration = orchestratorWorker({
  name: "kitchen",
  planner: planner({ id: "planner", workers, strategy: "hierarchical" }),
  workers,
  synthesizer: agent({ id: "waiter", run: (turn) => `${planOf(turn)?.counts.completed} tasks done, the cake is served.` }),
  estimate: { milliseconds: () => 60_000, cost: () => 0.02 },
});
// #endregion

/** The text is taken apart; what does not wait for anything begins at once. */
export async function main(): Promise<string> {
  const state = await orchestration
    .compile()
    .invoke({ messages: [{ role: "user", content: "Serve a cake\n- bake the cake\n  - buy flour\n  - buy eggs\n- mix a drink" }] });
  const plan = planOf(state);
  const lines = plan?.progress.map((entry) => `${entry.task} ${entry.agent}: ${entry.content}`) ?? [];
  const { milliseconds = 0, work = 0, criticalPath } = plan?.estimate ?? {};
  return [...lines, `expected ${milliseconds} ms instead of ${work}: ${criticalPath?.tasks.join(" → ")}`, state.messages.at(-1)?.text].join(
    "\n",
  );
}
