import { BaseChannel } from "@langchain/langgraph";
import type { TaskRecord, TaskRecords, TaskUpdates } from "../agent/task.js";
import { freeze, isPlainObject } from "../base/json.js";

/**
 * The task records of fan-outs, merged by key; `null` takes a record out. Each is written as JSON once, however many checkpoints
 * hold it. Total, like every channel of ours.
 */
export class TasksChannel extends BaseChannel<TaskRecords, TaskUpdates, readonly string[]> {
  lc_graph_name = "PhasegraphTasks";

  constructor(private value: TaskRecords = NONE) {
    super();
  }

  override fromCheckpoint(lines?: readonly string[]): this {
    return new TasksChannel(lines === undefined ? NONE : (live.get(lines) ?? read(lines))) as this;
  }

  override update(updates: TaskUpdates[]): boolean {
    const records = updates.filter(isPlainObject);
    for (const update of records) this.value = merged(this.value, update);
    return records.length > 0;
  }

  override get(): TaskRecords {
    return this.value;
  }

  override checkpoint(): readonly string[] {
    const known = stored.get(this.value);
    if (known !== undefined) return known;
    const lines = Object.entries(this.value).map(([key, record]) => lineOf(key, record));
    stored.set(this.value, lines);
    live.set(lines, this.value);
    return lines;
  }

  override isAvailable(): boolean {
    return true;
  }

  override equals(other: BaseChannel): boolean {
    return other instanceof TasksChannel;
  }
}

const NONE: TaskRecords = Object.freeze({});
const written = new WeakMap<TaskRecord, string>();
const stored = new WeakMap<TaskRecords, readonly string[]>();
const newest = new WeakMap<TaskRecords, { readonly update: TaskUpdates; readonly result: TaskRecords }>();
const live = new WeakMap<readonly string[], TaskRecords>();

/** LangGraph applies each update twice, for its routing and for the superstep: the second is a look-up. */
function merged(value: TaskRecords, update: TaskUpdates): TaskRecords {
  const last = newest.get(value);
  if (last?.update === update) return last.result;
  const isRecord = (entry: readonly [string, TaskRecord | null]): entry is [string, TaskRecord] => entry[1] !== null;
  const goes = Object.values(update).includes(null);
  const all = { ...value, ...update };
  const result = goes ? Object.fromEntries(Object.entries(all).filter(isRecord)) : (all as TaskRecords); // no null in it
  newest.set(value, { update, result });
  return result;
}

function lineOf(key: string, record: TaskRecord): string {
  const line = written.get(record) ?? JSON.stringify([key, record]);
  written.set(record, line);
  return line;
}

function read(lines: readonly string[]): TaskRecords {
  return Object.fromEntries(
    lines.map((line) => {
      const [key, record] = freeze(JSON.parse(line) as [string, TaskRecord]); // written by lineOf
      written.set(record, line);
      return [key, record];
    }),
  );
}
