/** How a task of a fan-out stands. A task without a record has not begun. */
export type TaskStatus = "in_progress" | "completed" | "failed" | "skipped" | "cancelled";

/** What a phase that runs many tasks knows about one of them; plain JSON, kept in the state's `tasks`. */
export interface TaskRecord {
  /** Unique within its phase. */
  readonly task: string;
  readonly phase: string;
  readonly agent: string;
  readonly episode: number;
  readonly status: TaskStatus;
  /** Runs so far, retries included. */
  readonly attempts: number;
  /** Milliseconds since 1970 at which the record was made. */
  readonly at: number;
  readonly content?: string;
  readonly data?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  /** Of what exactly this is the record: another input, another worker, another visit of the phase have another. Absent in older threads. */
  readonly identity?: string;
  /**
   * Where in the thread its worker keeps what it stores, as the `checkpoint_ns` with which `getState` shows it. Absent for functions,
   * which store nothing, and where threads are not stored.
   */
  readonly namespace?: string;
  /** Tokens that its models say they used; absent where they do not say, or it has none. */
  readonly tokens?: Tokens;
}

/** Tokens, as models report them in `usage_metadata`. */
export interface Tokens {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
}

/** What a fan-out writes: records by key, or `null` for one that goes. */
export type TaskUpdates = Readonly<Record<string, TaskRecord | null>>;

/** The records of an episode, by phase and task. */
export type TaskRecords = Readonly<Record<string, TaskRecord>>;

/** Under which key of the state's `tasks` a record stands. */
export const taskKey = (phase: string, task: string): string => `${phase}/${task}`;

/** The records of one phase in its current episode, by task. Linear in all records: ask once a turn. */
export function tasksOf(records: TaskRecords, phase: string, episode: number): Map<string, TaskRecord> {
  const own = Object.values(records).filter((record) => record.phase === phase && record.episode === episode);
  return new Map(own.map((record) => [record.task, record]));
}

/** True for a status that does not change any more. */
export const isSettled = (status: TaskStatus): boolean => status !== "in_progress";
