import { InvalidDefinitionError, type Issue } from "../base/errors.js";

/** One piece of work of a fan-out. */
export interface Task {
  /** Unique in its plan: letters, digits, `_`, `-` and `.`, at most 128. */
  readonly id: string;
  /** What its agent reads as the user's message. */
  readonly input: string;
  /** What those who build on it read its result under. Default: its id. */
  readonly label?: string;
  /** The id of the worker that does it. Default: the executor's first. */
  readonly agent?: string;
  /** Plain JSON for a worker that is a function, as `turn.task.data`. */
  readonly data?: unknown;
  /** Tasks that have to be completed before; the worker sees their results. */
  readonly dependsOn?: readonly string[];
  /** Higher begins first among those that may begin. Default 0. */
  readonly priority?: number;
  /** What it takes, in any unit that all tasks share; the longest way to the end begins first. Default 1. */
  readonly estimate?: number;
}

/** Tasks of a cycle that are named. */
const SHOWN_CYCLE = 50;
const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** A plan that has been checked, with what scheduling needs to know of it. */
export interface Plan {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  /** Length of the longest way from the beginning of a task to the end of the plan. */
  readonly rank: ReadonlyMap<string, number>;
}

/**
 * Checks a list of tasks: ids, workers (where they are known), dependencies. Linear in tasks and dependencies.
 * @throws InvalidDefinitionError with every issue at once; a cycle is named task by task.
 */
export function readPlan(name: string, list: readonly Task[], workers: ReadonlySet<string> | undefined): Plan {
  const tasks = new Map(list.map((task) => [task.id, task]));
  const issues = tasks.size === list.length ? [] : repeatedIssues(list);
  for (const task of list) for (const issue of taskIssues(task, tasks, workers)) issues.push(issue);
  if (issues.length > 0) throw new InvalidDefinitionError(name, issues);
  const dependents = new Map<string, string[]>();
  for (const task of list) for (const before of task.dependsOn ?? []) pushTo(dependents, before, task.id);
  const order = topological(list, dependents);
  if (order.length < list.length) throw new InvalidDefinitionError(name, [cycleIssue(tasks, new Set(order))]);
  const rank = new Map<string, number>();
  for (const id of order.reverse()) {
    let after = 0;
    for (const next of dependents.get(id) ?? []) after = Math.max(after, rank.get(next) ?? 0); // a call with 100,000 arguments overflows the stack
    rank.set(id, after + (tasks.get(id)?.estimate ?? 1));
  }
  return { tasks, dependents, rank };
}

function* taskIssues(task: Task, tasks: ReadonlyMap<string, Task>, workers: ReadonlySet<string> | undefined): Generator<Issue> {
  const path = `tasks.${task.id}`;
  if (!TASK_ID.test(task.id)) yield { path, code: "BAD_NAME", message: "use letters, digits, _ - and . only (at most 128)" };
  if (task.agent !== undefined && workers !== undefined && !workers.has(task.agent)) {
    yield { path: `${path}.agent`, code: "UNKNOWN_AGENT", message: `no worker "${task.agent}"; there are ${[...workers].join(", ")}` };
  }
  for (const before of task.dependsOn ?? []) {
    if (!tasks.has(before)) yield { path: `${path}.dependsOn`, code: "UNKNOWN_TASK", message: `no task "${before}" in this plan` };
  }
}

function repeatedIssues(list: readonly Task[]): Issue[] {
  const seen = new Set<string>();
  return list.flatMap(({ id }) => {
    const again = seen.has(id);
    seen.add(id);
    return again ? [{ path: `tasks.${id}`, code: "DUPLICATE_TASK", message: "given twice; ids are unique" }] : [];
  });
}

/** Kahn's order; shorter than the list when there is a cycle. */
function topological(list: readonly Task[], dependents: ReadonlyMap<string, readonly string[]>): string[] {
  const missing = new Map(list.map((task) => [task.id, countOf(task)]));
  const order = list.filter((task) => missing.get(task.id) === 0).map((task) => task.id);
  for (let index = 0; index < order.length; index += 1) {
    for (const next of new Set(dependents.get(order[index] ?? ""))) {
      const left = (missing.get(next) ?? 0) - 1;
      missing.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  return order;
}

/** How many tasks one waits for; a name given twice counts once. */
export const countOf = ({ dependsOn = [] }: Task): number => (dependsOn.length < 2 ? dependsOn.length : new Set(dependsOn).size);

function cycleIssue(tasks: ReadonlyMap<string, Task>, ordered: ReadonlySet<string>): Issue {
  const trail = new Set<string>();
  let at = [...tasks.keys()].find((id) => !ordered.has(id)) ?? "";
  while (!trail.has(at)) {
    trail.add(at);
    at = tasks.get(at)?.dependsOn?.find((before) => !ordered.has(before)) ?? at;
  }
  const round = [...trail].slice([...trail].indexOf(at));
  const cycle = [...round.slice(0, SHOWN_CYCLE), ...(round.length > SHOWN_CYCLE ? ["…"] : []), at];
  return {
    path: `tasks.${at}.dependsOn`,
    code: "PLAN_CYCLE",
    message: `these tasks wait for each other: ${cycle.join(" → ")}; take one dependency out`,
  };
}

function pushTo(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
