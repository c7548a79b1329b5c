import { isSettled, type TaskRecord, type TaskStatus } from "../../src/agent/task.js";
import { fingerprint } from "../../src/base/hash.js";
import type { Plan, Task } from "../../src/planning/plan.js";

/**
 * What makes a task the one that a record, or a stored thread, is about: its stay in the phase, its words, who does it, and what
 * the tasks it builds on came to. A plan is made anew from the state, so an id alone does not tell.
 */
export class Identities {
  private readonly own = new Map<string, string>();

  constructor(
    private readonly visit: string,
    private readonly agentOf: (task: Task) => string,
  ) {}

  /** Of a task that came to stand so, given the records of the others. What never began has nothing it builds on. */
  of(task: Task, status: TaskStatus, records: ReadonlyMap<string, TaskRecord>): string {
    const { dependsOn = [] } = task;
    const own = this.ownOf(task);
    if (dependsOn.length === 0 || status === "skipped" || status === "cancelled") return own;
    return digest([own, dependsOn.map((id) => resultOf(records.get(id)))]);
  }

  /** Whether a record is about this very task. Those of older releases say nothing, in threads that say nothing either. */
  isOf(task: Task, record: TaskRecord, records: ReadonlyMap<string, TaskRecord>): boolean {
    return record.identity === undefined ? this.visit === "" : record.identity === this.of(task, record.status, records);
  }

  private ownOf(task: Task): string {
    const known = this.own.get(task.id);
    if (known !== undefined) return known;
    const { id, input, data, dependsOn = [] } = task;
    const own = digest([this.visit, id, input, this.agentOf(task), data ?? null, dependsOn]);
    this.own.set(id, own);
    return own;
  }
}

/** What is known of a plan's tasks, without records of others: of tasks that changed, or that build on one that did. */
export function knownOf(plan: Plan, records: ReadonlyMap<string, TaskRecord>, identities: Identities): Map<string, TaskRecord> {
  const known = new Map<string, TaskRecord>();
  const changed: string[] = [];
  for (const [id, task] of plan.tasks) {
    const record = records.get(id);
    if (record === undefined) continue;
    if (identities.isOf(task, record, records)) known.set(id, record);
    else changed.push(id);
  }
  for (let id = changed.pop(); id !== undefined; id = changed.pop()) {
    for (const next of plan.dependents.get(id) ?? []) {
      const record = known.get(next);
      if (record === undefined || record.status === "cancelled") continue;
      known.delete(next);
      changed.push(next);
    }
  }
  return known;
}

const resultOf = (record: TaskRecord | undefined): unknown =>
  record === undefined || !isSettled(record.status)
    ? null
    : [record.identity ?? null, record.status, record.content ?? null, record.data ?? null];

/** Two fingerprints of one text, as one word. */
export function digest(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts);
  return `${fingerprint(text)}${fingerprint(`~${text}`)}`;
}
