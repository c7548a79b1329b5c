import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { isPlainObject } from "../base/json.js";
import { checkpointOf, saverOf, threadOf } from "../langgraph/config.js";
import { storedInput } from "../langgraph/pending.js";
import type { Clock } from "../base/clock.js";
import type { ControlEvent, EventMeta } from "../statechart/control.js";
import { BOOKKEEPING } from "../statechart/vocabulary.js";

/** What the doors stamp events with, beside who and when. */
export interface Stamp {
  readonly forks: boolean;
  /** In whose name. */
  readonly user?: string | undefined;
}

/** Every state edit begins a branch. */
export const EDIT: Stamp = { forks: true };
/** LangGraph's word for an edit that copies a checkpoint. */
export const COPY = "__copy__";

export function stamped(clock: Clock, by: string, { forks, user }: Stamp): EventMeta {
  const meta = { by, ...(user === undefined ? {} : { user }), at: clock.now(), id: clock.id() };
  return forks ? { ...meta, forks } : meta;
}

/** Moves nothing; what goes on from here does so apart from other branches. */
export const branching = (clock: Clock): ControlEvent => ({ type: BOOKKEEPING.ENTER, expected: true, meta: stamped(clock, "api", EDIT) });

/** A graph, as far as it tells where its threads are. */
export interface Stored {
  readonly checkpointer?: unknown;
}

/** Whether the config names a checkpoint that its thread has left behind: what goes on from there is another branch. */
export async function isEarlier(graph: Stored, config: RunnableConfig): Promise<boolean> {
  const named = checkpointOf(config);
  const saver = saverFor(graph, config);
  if (typeof named !== "string" || named === "" || saver === undefined) return false;
  const newest = await saver.getTuple({ configurable: { thread_id: threadOf(config), checkpoint_ns: "" } });
  return newest !== undefined && newest.checkpoint.id !== named;
}

/** The input that waits at a checkpoint to become part of the state, as one that begins a branch; undefined when none does. */
export async function inputAt(graph: Stored, config: RunnableConfig, { meta: branch }: ControlEvent): Promise<object | undefined> {
  const tuple = await saverFor(graph, config)?.getTuple(config);
  const input = tuple === undefined ? undefined : storedInput(tuple);
  if (!isPlainObject(input)) return undefined;
  const { control, ...rest } = input;
  const events = [control ?? []].flat() as unknown[];
  const stamped = events.map((event) => {
    const { id, forks } = branch ?? {};
    return isPlainObject(event) && isPlainObject(event["meta"]) ? { ...event, meta: { ...event["meta"], id, forks } } : event;
  });
  return { ...rest, control: stamped };
}

/** Where the threads of a run, or of a nested graph in one, are stored; undefined where nowhere. */
export function saverFor(graph: Stored, config: RunnableConfig): BaseCheckpointSaver | undefined {
  const saver = saverOf(config) ?? graph.checkpointer;
  return typeof saver === "object" && saver !== null ? (saver as BaseCheckpointSaver) : undefined; // LangGraph allows nothing else here
}
