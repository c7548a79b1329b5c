import type { RunnableConfig } from "@langchain/core/runnables";
import { keyOf, namespaceOf, partsOf, placesOf } from "./namespace.js";

/** What LangGraph and LangChain say of where a model spoke, in the metadata of `messages` mode. */
export interface Spoken {
  readonly langgraph_checkpoint_ns?: string;
  readonly langgraph_node?: string;
  readonly ls_model_type?: string;
  /** Set by {@link workingWithin}. */
  readonly within?: string;
}

/** Whether a model said it: LangGraph streams the messages that nodes write in the same mode. */
export const isOfModel = ({ ls_model_type: type }: Spoken): boolean => type !== undefined;

/**
 * The phases around the one that speaks, outermost first. Not read from the namespace of the chunk, which is another one in each
 * version of LangGraph, and in a thread of its own begins anew.
 */
export function placesAround(spoken: Spoken, phase: string): string[] {
  const places = placesOf(partsOf(spoken.langgraph_checkpoint_ns ?? ""));
  const at = spoken.langgraph_node === phase ? places.length - 1 : places.lastIndexOf(phase);
  const own = places.slice(0, Math.max(0, at));
  const outer = partsOf(spoken.within ?? "");
  const isWhole = outer.every((place, index) => own[index] === place);
  return isWhole ? own : [...outer, ...own];
}

/** Metadata for what works in a thread of its own: the phases it works for. */
export const workingWithin = (config: Pick<RunnableConfig, "configurable">): { readonly within: string } => ({
  within: keyOf(placesOf(partsOf(namespaceOf(config)))),
});
