import type { RunnableConfig } from "@langchain/core/runnables";
import { BaseCheckpointSaver, type Checkpoint, type CheckpointMetadata, type CheckpointTuple } from "@langchain/langgraph";
import { callersOwn, LANGGRAPH_KEY, saverOf } from "./config.js";
import { keyOf, lastingNamespace, namespaceOf, partsOf } from "./namespace.js";
import { passenger } from "./passenger.js";

/** Between the words of a part that stands for a piece of work: no node is called so, and LangGraph cuts nothing off after it. */
const WORD = "@";

/** Where in its thread a run that is begun by a node, as one of its own, keeps what it stores. */
const INNER = passenger<{ readonly namespace: string }>("inner");

/** Whether a run was begun by a node, as one of its own: it comes from no client. */
export const isInner = (config: Pick<RunnableConfig, "configurable">): boolean => INNER.of(config) !== undefined;

/** The whole way from the thread to a graph, without the ids of runs: through runs of their own as well. */
export const placeInThread = (config: Pick<RunnableConfig, "configurable">): string =>
  keyOf([...partsOf(INNER.of(config)?.namespace ?? ""), ...partsOf(lastingNamespace(namespaceOf(config)))]);

/** The part of a namespace for a piece of work of an agent. */
export const partOfWork = (...words: readonly string[]): string => words.join(WORD);

/**
 * The `configurable` with which a node begins a run of its own inside its thread: the caller's own keys, nothing of the run around,
 * and a place of its own, so that whatever is done to the thread is done to what the run stores too.
 */
export function innerThread(config: Pick<RunnableConfig, "configurable">, part: string): Record<string, unknown> {
  const { checkpoint_id: _id, checkpoint_map: _map, checkpoint_ns: _namespace, ...own } = callersOwn(config.configurable ?? {});
  const saver = saverOf(config);
  const here = keyOf([...partsOf(lastingNamespace(namespaceOf(config))), part]); // as the saver at hand counts
  return {
    ...own,
    ...(saver === undefined ? {} : { [LANGGRAPH_KEY.checkpointer]: new InnerSaver(saver, here) }),
    ...INNER.as({ namespace: keyOf([...partsOf(placeInThread(config)), part]) }),
  };
}

type ListOptions = NonNullable<Parameters<BaseCheckpointSaver["list"]>[1]>;

/** The checkpoints of a thread below one namespace, as if they were a thread's own. */
class InnerSaver extends BaseCheckpointSaver {
  constructor(
    private readonly outer: BaseCheckpointSaver,
    private readonly prefix: string,
  ) {
    super(outer.serde);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const found = await this.outer.getTuple(this.outward(config));
    return found === undefined ? undefined : this.tuple(found);
  }

  override async *list(config: RunnableConfig, options: ListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { before, ...rest } = options;
    const bounded = before === undefined ? rest : { ...rest, before: this.outward(before) };
    for await (const found of this.outer.list(this.outward(config), bounded)) yield this.tuple(found);
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    ...rest: [never]
  ): Promise<RunnableConfig> {
    return this.inward(await this.outer.put(this.outward(config), checkpoint, metadata, ...rest));
  }

  override async putWrites(config: RunnableConfig, ...rest: [never, string]): Promise<void> {
    await this.outer.putWrites(this.outward(config), ...rest);
  }

  /** Whoever asks means the thread. */
  override async deleteThread(threadId: string): Promise<void> {
    await this.outer.deleteThread(threadId);
  }

  override getNextVersion(current: number | undefined): number {
    return this.outer.getNextVersion(current);
  }

  override async getDeltaChannelHistory(options: never): Promise<never> {
    const { config, ...rest } = options as { readonly config: RunnableConfig };
    return (await this.outer.getDeltaChannelHistory({ ...rest, config: this.outward(config) } as never)) as never; // as it came
  }

  private outward(config: RunnableConfig): RunnableConfig {
    const namespace = keyOf([this.prefix, ...partsOf(namespaceOf(config))]);
    return { ...config, configurable: { ...config.configurable, checkpoint_ns: namespace } };
  }

  private inward(config: RunnableConfig): RunnableConfig {
    const namespace = keyOf(partsOf(namespaceOf(config).slice(this.prefix.length)));
    return { ...config, configurable: { ...config.configurable, checkpoint_ns: namespace } };
  }

  private tuple(found: CheckpointTuple): CheckpointTuple {
    const { parentConfig } = found;
    return {
      ...found,
      config: this.inward(found.config),
      ...(parentConfig === undefined ? {} : { parentConfig: this.inward(parentConfig) }),
    };
  }
}
