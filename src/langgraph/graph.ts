import {
  CompiledStateGraph,
  type AnyStateSchema,
  type BaseCheckpointSaver,
  type CheckpointTuple,
  type StateSnapshot,
} from "@langchain/langgraph";
import type { RunnableConfig } from "@langchain/core/runnables";
import { NOBODY } from "./pending.js";

/** LangGraph's config of a run, with whatever options it knows. */
export type RunOptions = RunnableConfig & Record<string, unknown>;

/** What LangGraph makes of an input: pieces of a stream. */
export type Run = AsyncGenerator<never>;

/** What lies beside the checkpoints that were shown. */
const PENDING = new WeakMap<StateSnapshot, NonNullable<CheckpointTuple["pendingWrites"]>>();

type Definition = ConstructorParameters<typeof CompiledStateGraph>[0];

/** What LangGraph keeps of one run while it goes on: the promises of its saver, awaited when the run ends. */
interface Loop {
  checkpointerPromises: Set<Promise<unknown>>;
}
type Invoke = (this: unknown, ...given: Parameters<CompiledStateGraph<unknown, unknown>["invoke"]>) => Promise<unknown>;
type RunLoop = (given: { readonly loop: Loop }) => Promise<void>;

/**
 * A saver that fails rejects before LangGraph looks, and Node ends the process for a rejection that nobody has looked at; the run
 * rejects with it all the same. LangGraph does so itself since 1.5; graphs that are no orchestrations are left to it.
 */
class Seen extends Set<Promise<unknown>> {
  override add(promise: Promise<unknown>): this {
    promise.catch(() => undefined);
    return super.add(promise);
  }
}

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
  static {
    // private in LangGraph's types, so it cannot be overridden as a method
    const { _runLoop: runLoop } = CompiledStateGraph.prototype as unknown as { readonly _runLoop: RunLoop };
    Object.defineProperty(this.prototype, "_runLoop", {
      configurable: true,
      writable: true,
      value(this: CompiledStateGraph<unknown, unknown>, given: Parameters<RunLoop>[0]) {
        given.loop.checkpointerPromises = new Seen(given.loop.checkpointerPromises);
        return runLoop.call(this, given);
      },
    });
    // its types, which follow the stream mode, stay LangGraph's
    const { invoke } = CompiledStateGraph.prototype as { readonly invoke: Invoke }; // called with its graph below
    Object.defineProperty(this.prototype, "invoke", {
      configurable: true,
      writable: true,
      async value(this: EnteredGraph<never, never, never, never, never>, ...given: Parameters<Invoke>) {
        return await this.given(await invoke.apply(this, given), (given[1] ?? {}) as RunOptions);
      },
    });
  }

  constructor(fields: Definition) {
    super(fields as never); // the same fields, whatever the types of the state
  }

  /** One run, in whatever way it was started. `go` is LangGraph's own run. */
  protected abstract enter(input: unknown, options: RunOptions, go: (input: unknown, options: RunOptions) => Run): Run;

  /** What is shown of a stored state. */
  protected abstract shown(snapshot: StateSnapshot, pending: NonNullable<CheckpointTuple["pendingWrites"]>): StateSnapshot;

  /** What `invoke` gives, made of what LangGraph would give. */
  protected abstract given(after: unknown, options: RunOptions): Promise<unknown>;

  // LangGraph's one entrance for invoke, stream and streamEvents, also when this graph runs inside another
  override _streamIterator(...[input, options]: Parameters<CompiledStateGraph<unknown, unknown>["_streamIterator"]>): Run {
    return this.enter(input, options as RunOptions, (given, config) => super._streamIterator(given as never, config as never) as Run);
  }

  // what else it is given differs between LangGraph's versions, and is handed on as it came
  protected override async _prepareStateSnapshot(given: { config: RunnableConfig; saved?: CheckpointTuple }): Promise<StateSnapshot> {
    const pending = given.saved?.pendingWrites ?? [];
    const snapshot = this.shown(await super._prepareStateSnapshot(given as never), pending);
    PENDING.set(snapshot, pending);
    return snapshot;
  }

  /**
   * Adds to the state of a checkpoint at which a step waits for answers, as the update of a `Command` does. LangGraph keeps only the
   * first such update of a checkpoint, and there may be several answers, one after another.
   */
  protected async addAhead(saver: BaseCheckpointSaver, config: RunnableConfig, at: StateSnapshot, update: object): Promise<void> {
    const { configurable } = at.config;
    const before = (PENDING.get(at) ?? []).filter(([run]) => run === NOBODY).map(([, ...write]) => write);
    const added = Object.entries((await this._validateInput(update as never)) as object);
    await saver.putWrites({ ...config, configurable: { ...config.configurable, ...configurable } }, [...before, ...added], NOBODY);
  }
}
