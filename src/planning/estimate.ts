import { callable, everyValue, maybe, number, requireForm, shape } from "../base/form.js";
import { Heap } from "../base/heap.js";
import { countOf, readPlan, type Task } from "./plan.js";

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

type Timed = Task & { readonly estimate: number };

/** A task on its way; what its place in the order depends on is looked up once. */
interface Entry {
  readonly task: Timed;
  readonly agent: string;
  readonly priority: number;
  readonly rank: number;
  readonly place: number;
  missing: number;
  ends: number;
}

function isBefore(one: Entry, other: Entry): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority;
  return one.rank === other.rank ? one.place < other.place : one.rank > other.rank;
}

/** The executor's own order, carried out with two heaps: what may begin, by agent, and what ends next. */
function onPaper(
  tasks: readonly Timed[],
  rank: ReadonlyMap<string, number>,
  dependents: ReadonlyMap<string, readonly string[]>,
  concurrency: number,
  perAgent: Readonly<Record<string, number>>,
): { end: number; widest: number } {
  const entries = new Map(
    tasks.map((task, place): [string, Entry] => {
      const { id, agent = "", priority = 0 } = task;
      return [id, { task, agent, priority, rank: rank.get(id) ?? 0, place, missing: countOf(task), ends: 0 }];
    }),
  );
  const ready = new Map<string, Heap<Entry>>();
  const load = new Map<string, number>();
  const running = new Heap<Entry>((one, other) => one.ends < other.ends);
  const enqueue = (entry: Entry): void => {
    const queue = ready.get(entry.agent) ?? new Heap(isBefore);
    ready.set(entry.agent, queue);
    queue.add(entry);
  };
  const next = (): Entry | undefined => {
    let best: Heap<Entry> | undefined;
    for (const [agent, queue] of ready) {
      const entry = queue.peek();
      const rival = best?.peek();
      if (entry === undefined || (load.get(agent) ?? 0) >= (perAgent[agent] ?? Infinity)) continue;
      if (rival === undefined || isBefore(entry, rival)) best = queue;
    }
    return best?.take();
  };
  const carry = (entry: Entry, by: number): void => void load.set(entry.agent, (load.get(entry.agent) ?? 0) + by);
  for (const entry of entries.values()) if (entry.missing === 0) enqueue(entry);
  let now = 0;
  let widest = 0;
  for (;;) {
    while (running.size < concurrency) {
      const entry = next();
      if (entry === undefined) break;
      carry(entry, 1);
      entry.ends = now + entry.task.estimate;
      running.add(entry);
    }
    widest = Math.max(widest, running.size);
    const first = running.peek();
    if (first === undefined) return { end: now, widest };
    now = first.ends;
    for (let one = running.peek(); one !== undefined && one.ends <= now; one = running.peek()) {
      running.take();
      carry(one, -1);
      for (const id of new Set(dependents.get(one.task.id))) {
        const entry = entries.get(id);
        if (entry !== undefined && (entry.missing -= 1) === 0) enqueue(entry);
      }
    }
  }
}
