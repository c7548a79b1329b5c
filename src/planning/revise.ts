import type { TaskRecord } from "../agent/task.js";
import type { Task } from "./plan.js";

/**
 * A new plan that takes the place of another. A task that is the same as before (id, words, worker, what it builds on) and was
 * completed keeps its result; every other gets an id of its own, `<id>.r<revision>`, so that no result, and no failure, of another
 * task is ever taken for its own.
 */
export function revisedPlan(
  before: readonly Task[],
  wanted: readonly Task[],
  records: ReadonlyMap<string, TaskRecord>,
  revision: number,
): Task[] {
  const earlier = new Map([...before.map((task) => [originOf(task.id), task] as const), ...before.map((task) => [task.id, task] as const)]);
  const origins = wanted.map((task) => originOf(task.id));
  const asked = new Map(wanted.map((task) => [task.id, task]));
  const kept = new Map<string, string | undefined>();
  const keptId = (id: string): string | undefined => {
    if (kept.has(id)) return kept.get(id);
    const [known, task] = [earlier.get(id) ?? earlier.get(originOf(id)), asked.get(id)];
    const isSame = known !== undefined && task !== undefined && isSameWork(known, task);
    const found =
      isSame && records.get(known.id)?.status === "completed" && (task.dependsOn ?? []).every((one) => keptId(one) !== undefined);
    kept.set(id, found ? known.id : undefined);
    return kept.get(id);
  };
  const isAlone = (origin: string): boolean => origins.indexOf(origin) === origins.lastIndexOf(origin);
  const idOf = (id: string): string => keptId(id) ?? `${isAlone(originOf(id)) ? originOf(id) : id}.r${revision}`;
  return wanted.map((task) => ({
    ...task,
    id: idOf(task.id),
    ...(task.dependsOn === undefined ? {} : { dependsOn: task.dependsOn.map(idOf) }),
  }));
}

/** The id that the planner gave, whether it names the task as it is now or as it was first called. */
const originOf = (id: string): string => id.replace(/\.r\d+$/, "");

const isSameWork = (one: Task, other: Task): boolean =>
  one.input === other.input &&
  one.agent === other.agent &&
  JSON.stringify(one.data ?? null) === JSON.stringify(other.data ?? null) &&
  JSON.stringify((one.dependsOn ?? []).map(originOf)) === JSON.stringify((other.dependsOn ?? []).map(originOf));
