import type { CheckpointTuple, StateSnapshot } from "@langchain/langgraph";
import { START } from "@langchain/langgraph";
import { QUESTIONS } from "./question.js";

/** Under which channel the result of a durable task is stored. */
const RETURNED = "__return__";
const FAILED = "__error__";
/** Whose writes are no task's: those of an input or an answer. */
export const NOBODY = "00000000-0000-0000-0000-000000000000";

type Writes = NonNullable<CheckpointTuple["pendingWrites"]>;

/** What the runs of a step have written that has not come to its end. */
export interface Pending {
  /** Results of durable tasks. */
  readonly returned: readonly unknown[];
  /** What nodes that are done have written to a channel, by the id of their run. */
  writtenTo(channel: string): ReadonlyMap<string, unknown>;
  /** The error a run ended with. */
  errorOf(run: string): { readonly name: string } | undefined;
  /** Whether an answer brought something with it that is part of the state already, though its step has not come to its end. */
  readonly isAhead: boolean;
  /** Whether a run waits for an answer. */
  waits(run: string): boolean;
}

export function pendingOf({ pendingWrites = [] }: Pick<CheckpointTuple, "pendingWrites">): Pending {
  const writes: Writes = pendingWrites.filter(([run]) => run !== NOBODY);
  const on = (channel: string) => new Map(writes.flatMap(([run, written, value]) => (written === channel ? [[run, value] as const] : [])));
  return {
    returned: writes.flatMap(([, channel, value]) => (channel === RETURNED ? [value] : [])),
    writtenTo: on,
    errorOf: (run) => on(FAILED).get(run) as { readonly name: string } | undefined, // LangGraph's form of an error
    isAhead: pendingWrites.some(([run]) => run === NOBODY),
    waits: (run) => on(QUESTIONS).has(run),
  };
}

/** An input that was stored, while the process ended before it became part of the state. */
export const storedInput = ({ checkpoint, metadata }: Pick<CheckpointTuple, "checkpoint" | "metadata">): unknown =>
  metadata?.source === "input" ? checkpoint.channel_values[START] : undefined;

/** The state of the graph that runs inside of a node, where LangGraph was asked for it and there is one. */
export function stateInside(task: StateSnapshot["tasks"][number]): StateSnapshot | undefined {
  const inside: unknown = task.state;
  return typeof inside === "object" && inside !== null && "values" in inside ? (inside as StateSnapshot) : undefined; // else it is a config
}
