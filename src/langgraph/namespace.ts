import type { RunnableConfig } from "@langchain/core/runnables";

/** LangGraph joins the graphs around one by this: `"parts:<run>|text:<run>"`. */
const BETWEEN = "|";
/** Before the id of the node run that a graph is part of. */
const RUN = ":";

/** The namespace of a config; empty at the root, and where none is named. */
export const namespaceOf = (config: Pick<RunnableConfig, "configurable"> | undefined): string => {
  const namespace: unknown = config?.configurable?.["checkpoint_ns"];
  return typeof namespace === "string" ? namespace : "";
};

/** The graphs that a namespace leads through, outermost first, each with the id of its run. */
export const partsOf = (namespace: string): string[] => namespace.split(BETWEEN).filter((part) => part !== "");

/** The nodes that a namespace leads through, outermost first, without the ids of their runs. */
export const placesOf = (parts: readonly string[]): string[] => parts.map((part) => part.split(RUN, 1).join(""));

/** One key for the places around a graph. */
export const keyOf = (parts: readonly string[]): string => parts.join(BETWEEN);

/** The part of a namespace for one run of a node. */
export const partFor = (node: string, run: string): string => `${node}${RUN}${run}`;

/** As LangGraph names it for graphs that keep their state: without the ids of the runs around them. */
export const lastingNamespace = (namespace: string): string => keyOf(placesOf(partsOf(namespace)));

/** Whether what is stored there belongs to one run: a graph that starts anew each time has the run's id in its namespace. */
export const isOfOneRun = (namespace: string): boolean => namespace.includes(RUN);

/** The lasting namespace of the graph that a node is part of, by the node's own. */
export const graphAround = (namespace: string): string => keyOf(placesOf(partsOf(namespace)).slice(0, -1));
