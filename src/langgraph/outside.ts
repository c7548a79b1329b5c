import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

/** Runs what starts work outside the context of the node around it: work that outlives the superstep that began it is no part of it. */
export function outsideNode(work: () => void): void {
  AsyncLocalStorageProviderSingleton.runWithConfig({}, work, true);
}
