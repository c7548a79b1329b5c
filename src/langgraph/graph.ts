import { CompiledStateGraph, type AnyStateSchema, type CheckpointTuple, type StateSnapshot } from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";

/** LangGraph's config of a run, with whatever options it knows. */
export type RunOptions = RunnableConfig & Record<string, unknown>;

/** What LangGraph makes of an input: pieces of a stream. */
export type Run = AsyncGenerator<never>;

type Definition = ConstructorParameters<typeof CompiledStateGraph>[0];

/**
 * A compiled graph of LangGraph with a place for what has to happen at its entrance and to what is shown of its state. LangGraph
 * has no such places; this knows the two methods that serve.
 */
export abstract class EnteredGraph<
  State,
  Update,
  Nodes extends string,
  Input extends AnyStateSchema,
  Output extends AnyStateSchema,
> extends CompiledStateGraph<State, Update, Nodes, Input, Output> {
  constructor(fields: Definition) {
    super(fields as never); // the same fields, whatever the types of the state
  }

  /** One run, in whatever way it was started. `go` is LangGraph's own run. */
  protected abstract enter(input: unknown, options: RunOptions, go: (input: unknown, options: RunOptions) => Run): Run;

  /** What is shown of a stored state. */
  protected abstract shown(snapshot: StateSnapshot, pending: NonNullable<CheckpointTuple["pendingWrites"]>): StateSnapshot;

  // LangGraph's one entrance for invoke, stream and streamEvents, also when this graph runs inside another
  override _streamIterator(...[input, options]: Parameters<CompiledStateGraph<unknown, unknown>["_streamIterator"]>): Run {
    return this.enter(input, options as RunOptions, (given, config) => super._streamIterator(given as never, config as never) as Run);
  }

  // what else it is given differs between LangGraph's versions, and is handed on as it came
  protected override async _prepareStateSnapshot(given: { config: RunnableConfig; saved?: CheckpointTuple }): Promise<StateSnapshot> {
    return this.shown(await super._prepareStateSnapshot(given as never), given.saved?.pendingWrites ?? []);
  }
}
