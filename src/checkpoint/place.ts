import type { RunnableConfig } from "@langchain/core/runnables";
import { getCheckpointId } from "@langchain/langgraph-checkpoint";
import { InvalidRequestError } from "../base/errors.js";
import type { Place } from "./row.js";

/** What a config names. An id that is not given is empty: the newest checkpoint, or none. */
export function placeOf(config: RunnableConfig): Place {
  const thread = threadOf(config);
  if (thread === undefined) throw new InvalidRequestError("config", "there is no configurable.thread_id", "the id of a thread");
  return { thread, ns: namespaceOf(config) ?? "", id: idOf(config) };
}

/** The thread of a config; undefined when it names none. */
export function threadOf(config: RunnableConfig): string | undefined {
  const thread: unknown = config.configurable?.["thread_id"];
  if (thread === undefined || thread === null || thread === "") return undefined;
  if (typeof thread === "number") return String(thread);
  return text("thread_id", thread);
}

/** The namespace of a config; undefined when it names none, which for a list means all of them. */
export function namespaceOf(config: RunnableConfig): string | undefined {
  const ns: unknown = config.configurable?.["checkpoint_ns"];
  return ns === undefined || ns === null ? undefined : text("checkpoint_ns", ns);
}

/** The checkpoint of a config, or an empty string. */
export function idOf(config: RunnableConfig): string {
  return text("checkpoint_id", getCheckpointId(config));
}

function text(key: string, value: unknown): string {
  if (typeof value !== "string") throw new InvalidRequestError("config", `configurable.${key} is of type ${typeof value}`, "a string");
  return value;
}
