import { GraphRecursionError } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import { passenger } from "./passenger.js";

/** LangGraph's own limit for a graph of ours: what bounds a run is `limits.steps`, and that progress comes to an end with its tasks. */
export const MAX_SUPERSTEPS = 1_000_000;

/** A caller's `recursionLimit`, and the supersteps of this run that count for it. */
interface Supersteps {
  readonly limit: number;
  readonly counted: Set<unknown>;
}

const SUPERSTEPS = passenger<Supersteps>("supersteps");

/**
 * Takes a caller's `recursionLimit` over from LangGraph, which counts every return of a fan-out as a superstep, so that the same
 * work would end or die by how long it takes.
 */
export function countingSupersteps<C extends RunnableConfig>(config: C): C {
  const { recursionLimit: given = MAX_SUPERSTEPS } = config;
  const limit = given < MAX_SUPERSTEPS ? given : SUPERSTEPS.of(config)?.limit; // a nested graph counts for itself, as LangGraph's do
  if (limit === undefined) return config;
  return SUPERSTEPS.with({ ...config, recursionLimit: MAX_SUPERSTEPS }, { limit, counted: new Set() });
}

/** The caller's `recursionLimit`, for what a node begins by itself: that counts for itself too. */
export function recursionLimitOf(config: RunnableConfig): Pick<RunnableConfig, "recursionLimit"> {
  const limit = SUPERSTEPS.of(config)?.limit;
  return limit === undefined ? {} : { recursionLimit: limit };
}

/**
 * Counts the superstep that a phase begins in. @throws GraphRecursionError, LangGraph's own, when the caller's limit is met.
 */
export function countSuperstep(config: RunnableConfig, orchestration: string, phase: string): void {
  const supersteps = SUPERSTEPS.of(config);
  if (supersteps === undefined) return;
  supersteps.counted.add((config.metadata as Readonly<Record<string, unknown>> | undefined)?.["langgraph_step"]);
  if (supersteps.counted.size <= supersteps.limit) return;
  throw new GraphRecursionError(
    `"${orchestration}" ran ${supersteps.limit} steps in this run (recursionLimit) and was to enter "${phase}" next; set a higher recursionLimit in the run's config, or none: limits.steps bounds the run too.`,
  );
}
