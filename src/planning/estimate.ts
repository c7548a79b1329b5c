import { callable, everyValue, maybe, number, requireForm, shape } from "../base/form.js";
import { readPlan, type Task } from "./plan.js";

/** What a plan is estimated with. */
export interface EstimateOptions {
  /** Milliseconds a task takes. Default: its `estimate`, taken as milliseconds. */
  readonly milliseconds?: (task: Task) => number;
  /** What a task costs, in whatever unit. Default 0. */
  readonly cost?: (task: Task) => number;
  /** Tasks at once. Default 16, as the executor has it. */
  readonly concurrency?: number;
  /** Tasks at once by agent. */
  readonly perAgent?: Readonly<Record<string, number>>;
}

const OPTIONS = shape<EstimateOptions>({
  milliseconds: maybe(callable),
  cost: maybe(callable),
  concurrency: maybe(number),
  perAgent: maybe(everyValue(number)),
});

/** What a plan will take, before it runs. */
export interface PlanEstimate {
  /** From beginning to end, with the given limits: what the executor comes to when every task takes as long as estimated. */
  readonly milliseconds: number;
  /** The longest chain of tasks that wait for each other: no limit lets the plan end sooner. */
  readonly criticalPath: { readonly tasks: readonly string[]; readonly milliseconds: number };
  /** All tasks one after another. */
  readonly work: number;
  readonly cost: number;
  /** Most tasks at work at the same time. */
  readonly widest: number;
}

/**
 * Time and cost of a plan, by carrying it out on paper with the executor's own order.
 * @throws InvalidDefinitionError when the plan is none; a cycle is named.
 */
export function estimatePlan(tasks: readonly Task[], options: EstimateOptions = {}): PlanEstimate {
  requireForm("The options of estimatePlan()", options, OPTIONS);
  const { milliseconds = (task) => task.estimate ?? 1, cost = () => 0, concurrency = 16, perAgent = {} } = options;
  const timed = tasks.map((task) => ({ ...task, estimate: Math.max(0, milliseconds(task)) }));
  const { rank, dependents } = readPlan("The plan to estimate", timed, undefined);
  const { end, widest } = onPaper(timed, rank, dependents, concurrency, perAgent);
  const path: string[] = [];
  let at = best(
    timed.filter((task) => (task.dependsOn ?? []).length === 0).map((task) => task.id),
    rank,
  );
  for (; at !== undefined; at = best(dependents.get(at) ?? [], rank)) path.push(at);
  return {
    milliseconds: end,
    criticalPath: { tasks: path, milliseconds: path[0] === undefined ? 0 : (rank.get(path[0]) ?? 0) },
    work: timed.reduce((sum, task) => sum + task.estimate, 0),
    cost: tasks.reduce((sum, task) => sum + cost(task), 0),
    widest,
  };
}

const best = (ids: readonly string[], rank: ReadonlyMap<string, number>): string | undefined =>
  ids.reduce<string | undefined>(
    (found, id) => (found === undefined || (rank.get(id) ?? 0) > (rank.get(found) ?? 0) ? id : found),
    undefined,
  );

interface Running {
  readonly task: Task & { readonly estimate: number };
  readonly ends: number;
}

function onPaper(
  tasks: readonly (Task & { readonly estimate: number })[],
  rank: ReadonlyMap<string, number>,
  dependents: ReadonlyMap<string, readonly string[]>,
  concurrency: number,
  perAgent: Readonly<Record<string, number>>,
): { end: number; widest: number } {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const missing = new Map(tasks.map((task) => [task.id, new Set(task.dependsOn).size]));
  const order = (one: Task, other: Task): number =>
    (other.priority ?? 0) - (one.priority ?? 0) || (rank.get(other.id) ?? 0) - (rank.get(one.id) ?? 0);
  const ready = tasks.filter((task) => missing.get(task.id) === 0).sort(order);
  let running: Running[] = [];
  let now = 0;
  let widest = 0;
  for (;;) {
    for (let index = 0; index < ready.length && running.length < concurrency;) {
      const task = ready[index];
      const agent = task?.agent ?? "";
      const isFull = running.filter((one) => (one.task.agent ?? "") === agent).length >= (perAgent[agent] ?? Infinity);
      if (task === undefined || isFull) index += 1;
      else {
        ready.splice(index, 1);
        running.push({ task, ends: now + task.estimate });
      }
    }
    widest = Math.max(widest, running.length);
    if (running.length === 0) return { end: now, widest };
    now = Math.min(...running.map((one) => one.ends));
    const ended = running.filter((one) => one.ends <= now);
    running = running.filter((one) => one.ends > now);
    for (const next of ended.flatMap((one) => [...new Set(dependents.get(one.task.id))])) {
      const left = (missing.get(next) ?? 0) - 1;
      missing.set(next, left);
      const task = byId.get(next);
      if (left === 0 && task !== undefined) ready.push(task);
    }
    ready.sort(order);
  }
}
