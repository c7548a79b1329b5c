import type { RunnableConfig } from "@langchain/core/runnables";

/** An object of ours that travels with the run, from the door of a graph to its nodes and the graphs in them. Never stored. */
export interface Passenger<T extends object> {
  /** What is on board; undefined when nothing is. */
  of(config: { readonly configurable?: RunnableConfig["configurable"] | undefined }): T | undefined;
  /** As a part of a `configurable`. */
  as(value: T | undefined): Readonly<Record<string, unknown>>;
  /** The config with it on board. */
  with<C extends RunnableConfig>(config: C, value: T | undefined): C;
}

/**
 * `__` in front: LangGraph keeps such keys of a `configurable` out of metadata and checkpoints. A client can send the key too, so
 * only what was let on board here is one.
 */
export function passenger<T extends object>(name: string): Passenger<T> {
  const key = `__phasegraph_${name}`;
  const aboard = new WeakSet<object>();
  const board = (value: T | undefined): Readonly<Record<string, unknown>> => {
    if (value !== undefined) aboard.add(value);
    return { [key]: value };
  };
  return {
    of: (config) => {
      const found = (config.configurable as Readonly<Record<string, unknown>> | undefined)?.[key];
      return typeof found === "object" && found !== null && aboard.has(found) ? (found as T) : undefined; // let on board as such
    },
    as: board,
    with: (config, value) => ({ ...config, configurable: { ...config.configurable, ...board(value) } }),
  };
}
