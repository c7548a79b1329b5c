import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph";
import { isPlainObject } from "../base/json.js";

/** A config as LangGraph and its callers hand it around: every part may be missing. */
type Config = Pick<RunnableConfig, "configurable"> | undefined;

/** What LangGraph hands to the nodes of a run inside `configurable`. Written nowhere else, so that its next version changes one file. */
export const LANGGRAPH_KEY = {
  call: "__pregel_call",
  checkpointer: "__pregel_checkpointer",
  read: "__pregel_read",
  replay: "__pregel_replay_state",
  resumes: "__pregel_resume_map",
  resuming: "__pregel_resuming",
  stream: "__pregel_stream",
} as const;

const of = (config: Config, key: string): unknown => (config?.configurable as Readonly<Record<string, unknown>> | undefined)?.[key];

/** The saver of the run around a node, as LangGraph hands it to nested graphs; undefined where threads are not stored. */
export const saverOf = (config: Config): BaseCheckpointSaver | undefined =>
  of(config, LANGGRAPH_KEY.checkpointer) as BaseCheckpointSaver | undefined; // only LangGraph sets it

/** Whether a graph is called inside a node of another. A namespace does not tell, nor does plain data: a client may send any. */
export const isNestedRun = (config: Config): boolean => typeof of(config, LANGGRAPH_KEY.read) === "function";

/** Whether the run goes on with what was pending on its thread. */
export const isResuming = (config: Config): boolean => of(config, LANGGRAPH_KEY.resuming) === true;

/** The answers a run was given, by the ids of the questions. */
export function resumesOf(config: Config): Readonly<Record<string, unknown>> {
  const resumes = of(config, LANGGRAPH_KEY.resumes);
  return isPlainObject(resumes) ? resumes : {};
}

/** Whether durable tasks can be started here: only inside a node that LangGraph runs. */
export const hasTasks = (config: Config): boolean => of(config, LANGGRAPH_KEY.call) !== undefined;

/** The thread a config names. */
export const threadOf = (config: Config): unknown => of(config, "thread_id");

/** The checkpoint a config names. */
export const checkpointOf = (config: Config): unknown => of(config, "checkpoint_id");

/** LangGraph's id of this run of a node: the same when the run is resumed. Undefined outside of nodes. */
export const nodeRunOf = (config: object): string | undefined =>
  (config as { readonly executionInfo?: { readonly taskId?: string } }).executionInfo?.taskId;

/** A stream of LangGraph, as far as it is written to. */
export interface StreamLike {
  readonly modes: ReadonlySet<string>;
  push(chunk: [namespace: readonly string[], mode: string, payload: unknown]): void;
}

/** Where the run around writes its events; undefined where nobody streams. */
export const streamOf = (config: Config): StreamLike | undefined => of(config, LANGGRAPH_KEY.stream) as StreamLike | undefined;

/** The part of a `configurable` that makes a graph write to the stream; its events stand under `place`. */
export function streamingTo(stream: StreamLike | undefined, place: readonly string[]): Readonly<Record<string, unknown>> {
  if (stream === undefined) return {};
  const forwarded: StreamLike = {
    modes: stream.modes,
    push: ([namespace, mode, payload]) => stream.push([[...place, ...namespace], mode, payload]),
  };
  return { [LANGGRAPH_KEY.stream]: forwarded };
}

/** Beginnings of the keys that only LangGraph and this package write. */
const PRIVATE = ["__pregel_", "__phasegraph_"] as const;

/** The config of a run that no node began, without what its caller has no business to say. */
export function withoutPrivateKeys<C extends RunnableConfig>(config: C): C {
  const { configurable } = config ?? {};
  const isSent = ([key, value]: [string, unknown]): boolean => PRIVATE.some((prefix) => key.startsWith(prefix)) && !isLive(value);
  if (configurable === undefined || !Object.entries(configurable).some(isSent)) return config;
  return { ...config, configurable: Object.fromEntries(Object.entries(configurable).filter((entry) => !isSent(entry))) };
}

/** What no client can send, because JSON has no such thing: our own, on its way to a thread inside of this one. */
function isLive(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return typeof value === "function";
  return !isPlainObject(value) || Object.values(value).some((part) => typeof part === "function");
}

/** What of a `configurable` is the caller's own, and the stream: the rest belongs to the run around. */
export function callersOwn(configurable: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(configurable).filter(([key]) => !key.startsWith("__") || key === LANGGRAPH_KEY.stream));
}

/** From which checkpoint a nested graph begins; LangGraph asks for each namespace. */
export interface Replay {
  getCheckpoint(namespace: string, saver: unknown, config: RunnableConfig): Promise<CheckpointTuple | undefined>;
}

/** A config with which a nested graph begins where `replay` says, instead of at its newest checkpoint. */
export function replaying<C extends RunnableConfig>(config: C, replay: Replay): C {
  OURS.add(replay);
  return { ...config, configurable: { ...config.configurable, [LANGGRAPH_KEY.replay]: replay } };
}

/** What {@link replaying} said in this config; LangGraph's own replays count their questions, and are not asked. */
export function replayOf(config: Config): Replay | undefined {
  const replay = of(config, LANGGRAPH_KEY.replay) as Replay | undefined; // LangGraph's, or ours
  return replay !== undefined && OURS.has(replay) ? replay : undefined;
}

const OURS = new WeakSet<Replay>();

/** Which checkpoint the graph in a namespace around a node stands at. */
export const standsAt = (config: Config, namespace: string): string | undefined =>
  (of(config, "checkpoint_map") as Readonly<Record<string, string>> | undefined)?.[namespace]; // LangGraph's own form

/** Which checkpoint the graph in a namespace around stood at, when this one was made. */
export const madeUnder = ({ metadata }: CheckpointTuple, namespace: string): string | undefined => metadata?.parents?.[namespace];

/** The checkpoint before this one. */
export const parentOf = ({ parentConfig }: CheckpointTuple): string | undefined => checkpointOf(parentConfig) as string | undefined; // written by the saver

/** A config with which a graph reads and writes a nested namespace by itself, as LangGraph has its nested graphs do. */
export const nestedIn = (saver: BaseCheckpointSaver, thread: unknown, namespace: string): RunnableConfig => ({
  configurable: { thread_id: thread, checkpoint_ns: namespace, [LANGGRAPH_KEY.checkpointer]: saver },
});

/** The config for another checkpoint of its thread; for the newest, when none is named. */
export function atCheckpoint<C extends RunnableConfig>(config: C, checkpoint: unknown): C {
  const { checkpoint_id: _given, ...rest } = config.configurable ?? {};
  return { ...config, configurable: checkpoint === undefined ? rest : { ...rest, checkpoint_id: checkpoint } };
}

/** The config for another graph of its thread, wherever those around it stand. */
export function atNamespace<C extends RunnableConfig>(config: C, namespace: string): C {
  const { checkpoint_map: _map, ...rest } = config.configurable ?? {};
  return { ...config, configurable: { ...rest, checkpoint_ns: namespace } };
}

/**
 * LangGraph takes a mere `checkpoint_id` key, which it sets on every node, for a replay: a nested graph that is resumed would run
 * again what it had finished. Taken off, in place, unless it is one.
 */
export function keepNestedResults(...configs: readonly Config[]): void {
  for (const config of configs) {
    const replays = checkpointOf(config) !== undefined || of(config, LANGGRAPH_KEY.replay) !== undefined;
    if (config?.configurable !== undefined && !replays) delete config.configurable["checkpoint_id"];
  }
}
