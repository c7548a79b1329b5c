import { MemorySaver } from "@langchain/langgraph";
import { agent, estimatePlan, orchestratorWorker, planOf, reply, type Task } from "phasegraph";

const TASKS = 200;
const WIDTH = 16;

/** A random plan: 200 tasks of 20 to 200 ms, each after up to three of the twenty before it. The same seed gives the same plan. */
function randomPlan(seed: number): Task[] {
  let state = seed;
  const next = (below: number): number => (state = (state * 16_807) % 2_147_483_647) % below;
  return Array.from({ length: TASKS }, (_, index) => {
    const dependsOn = Array.from({ length: index === 0 ? 0 : next(4) }, () => `t${Math.max(0, index - 1 - next(Math.min(index, 20)))}`);
    return { id: `t${index}`, input: "", estimate: 20 + next(181), dependsOn: [...new Set(dependsOn)] };
  });
}

/** The time of a plan beside the least that any scheduler of that width could need. */
export interface PlanRun {
  readonly milliseconds: number;
  /** The longer of the critical path and the work divided by the width: no schedule is shorter. */
  readonly least: number;
}

/** Carries a plan out for real, with timers for work. */
export async function planRun(seed: number): Promise<PlanRun> {
  const tasks = randomPlan(seed);
  const { criticalPath, work } = estimatePlan(tasks, { concurrency: WIDTH });
  const durations = new Map(tasks.map((task) => [task.id, task.estimate ?? 0]));
  const worker = agent({
    id: "worker",
    run: (turn) => new Promise<string>((done) => setTimeout(() => done("ok"), durations.get(turn.task?.id ?? "") ?? 0)),
  });
  const graph = orchestratorWorker({
    name: "planned",
    planner: agent({ id: "planner", run: () => reply("", { data: { tasks } }) }),
    workers: [worker],
    concurrency: WIDTH,
  }).compile({ checkpointer: new MemorySaver() });
  const begin = performance.now();
  const state = await graph.invoke({ messages: [{ role: "user", content: "go" }] }, { configurable: { thread_id: String(seed) } });
  const milliseconds = performance.now() - begin;
  if (planOf(state)?.counts.completed !== TASKS) throw new Error("The plan was not carried out.");
  return { milliseconds, least: Math.max(criticalPath.milliseconds, work / WIDTH) };
}
