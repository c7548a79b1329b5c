import type { RunnableConfig } from "@langchain/core/runnables";

/** An object of ours that travels with the run, from the door of a graph to its nodes and the graphs in them. Never stored. */
export interface Passenger<T> {
  /** What is on board; undefined when nothing is. */
  of(config: { readonly configurable?: RunnableConfig["configurable"] | undefined }): T | undefined;
  /** As a part of a `configurable`. */
  as(value: T | undefined): Readonly<Record<string, unknown>>;
  /** The config with it on board. */
  with<C extends RunnableConfig>(config: C, value: T): C;
}

/** `__` in front: LangGraph keeps such keys of a `configurable` out of metadata and checkpoints. */
export function passenger<T>(name: string): Passenger<T> {
  const key = `__phasegraph_${name}`;
  return {
    of: (config) => (config.configurable as Readonly<Record<string, unknown>> | undefined)?.[key] as T | undefined, // only set below
    as: (value) => ({ [key]: value }),
    with: (config, value) => ({ ...config, configurable: { ...config.configurable, [key]: value } }),
  };
}
