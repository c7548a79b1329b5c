import { isSettled, type TaskRecord, type TaskStatus } from "../agent/task.js";

/** A task as a plan names it. */
export interface PlannedWork {
  readonly id: string;
  readonly input: string;
  readonly agent?: string;
  readonly dependsOn?: readonly string[];
}

/** How a planned task stands. A task without a record is pending. */
export type WorkStatus = "pending" | TaskStatus;

/** One line of the task ledger: what has to be done, by whom, after what. */
export interface TaskEntry {
  readonly task: string;
  readonly agent: string;
  readonly input: string;
  readonly dependsOn: readonly string[];
}

/** One line of the progress ledger: how a task stands, and what it came to. */
export interface ProgressEntry {
  readonly task: string;
  readonly agent: string;
  readonly status: WorkStatus;
  readonly attempts: number;
  /** When it came to stand so; undefined while it is pending. */
  readonly at?: number;
  readonly content?: string;
  readonly data?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** What has to be done, and how it stands: of everybody, or of one agent. */
export interface WorkLedger {
  readonly tasks: readonly TaskEntry[];
  readonly progress: readonly ProgressEntry[];
  readonly counts: Readonly<Record<WorkStatus, number>>;
  /** True when nothing is pending or in progress any more. */
  readonly settled: boolean;
}

/** The ledgers of a plan: the shared one, and each agent's own. */
export interface WorkLedgers extends WorkLedger {
  readonly agents: Readonly<Record<string, WorkLedger>>;
}

/** What the ledgers are read from. */
export interface WorkState {
  readonly planned: readonly PlannedWork[];
  readonly records: ReadonlyMap<string, TaskRecord>;
  /** Who does a task for which nobody is named. */
  readonly first: string;
  /** The plan was cancelled: what is not settled counts as cancelled. */
  readonly cancelled?: boolean;
}

/** Reads the ledgers from a plan and the records of its tasks, both of which are in the checkpoint. */
export function workLedgers({ planned, records, first, cancelled = false }: WorkState): WorkLedgers {
  const tasks = planned.map(({ id, input, agent = first, dependsOn = [] }): TaskEntry => ({ task: id, agent, input, dependsOn }));
  const progress = tasks.map(({ task, agent }) => progressOf(task, agent, records.get(task), cancelled));
  const agents = [...new Set(tasks.map((entry) => entry.agent))];
  return {
    ...ledgerOf(tasks, progress),
    agents: Object.fromEntries(
      agents.map((id) => [
        id,
        ledgerOf(
          tasks.filter(({ agent }) => agent === id),
          progress.filter(({ agent }) => agent === id),
        ),
      ]),
    ),
  };
}

function progressOf(task: string, agent: string, record: TaskRecord | undefined, cancelled: boolean): ProgressEntry {
  const known = record?.status ?? "pending";
  const status: WorkStatus = cancelled && (known === "pending" || !isSettled(known)) ? "cancelled" : known;
  if (record === undefined) return { task, agent, status, attempts: 0 };
  const { attempts, at, content, data, error } = record;
  return {
    task,
    agent: record.agent,
    status,
    attempts,
    at,
    ...(content === undefined ? {} : { content }),
    ...(data === undefined ? {} : { data }),
    ...(error === undefined ? {} : { error }),
  };
}

function ledgerOf(tasks: readonly TaskEntry[], progress: readonly ProgressEntry[]): WorkLedger {
  const counts: Record<WorkStatus, number> = { pending: 0, in_progress: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { status } of progress) counts[status] += 1;
  return { tasks, progress, counts, settled: counts.pending + counts.in_progress === 0 };
}
