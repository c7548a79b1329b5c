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

/** The part of a namespace for a piece of work of an agent; `key` is what tells it from every other: 28 hex digits. */
export const partOfWork = (agent: string, task: string, key: string): string => [agent, task, key].join(WORD);

const WORK = /^([\w-]{1,64})@[\w.-]{1,128}@([0-9a-f]{28})$/;

/** Whether a part of a namespace stands for a piece of work. */
export const isWork = (part: string): boolean => WORK.test(part);

/** Whose work a part stands for. */
export const agentOfWork = (part: string): string => WORK.exec(part)?.[1] ?? "";

/** The key of the innermost piece of work that a namespace leads into; undefined when it leads into none. */
export const workIn = (namespace: string): string | undefined =>
  WORK.exec(partsOf(lastingNamespace(namespace)).findLast(isWork) ?? "")?.[2];

/** Finds the keys of pieces of work in a text that names them. */
export const WORK_KEYS = /(?<=@)[0-9a-f]{28}\b/g;

/** The part of a `configurable` with which a graph reads what a piece of work has stored: `namespace` leads there. */
export const insideWork = (saver: BaseCheckpointSaver, namespace: string): Readonly<Record<string, unknown>> => ({
  [LANGGRAPH_KEY.checkpointer]: new InnerSaver(saver, namespace, {}),
});

/**
 * The `configurable` with which a node begins a run of its own inside its thread: the caller's own keys, nothing of the run around,
 * and a place of its own, so that whatever is done to the thread is done to what the run stores too.
 */
export function innerThread(config: Pick<RunnableConfig, "configurable">, part: string): Record<string, unknown> {
  const { checkpoint_id: _id, checkpoint_map: around = {}, checkpoint_ns: _namespace, ...own } = callersOwn(config.configurable ?? {});
  const saver = saverOf(config);
  const here = keyOf([...partsOf(lastingNamespace(namespaceOf(config))), part]); // as the saver at hand counts
  return {
    ...own,
    ...(saver === undefined ? {} : { [LANGGRAPH_KEY.checkpointer]: new InnerSaver(saver, here, around as Checkpoints) }),
    ...INNER.as({ namespace: keyOf([...partsOf(placeInThread(config)), part]) }),
  };
}

/** The checkpoints at which graphs stand, by their namespaces. */
type Checkpoints = Readonly<Record<string, string>>;

/** Checkpoints of foreign graphs, and of old ones, may have none. */
type Parents = CheckpointMetadata["parents"] | undefined;
type ListOptions = NonNullable<Parameters<BaseCheckpointSaver["list"]>[1]>;

/** The checkpoints of a thread below one namespace, as if they were a thread's own. */
class InnerSaver extends BaseCheckpointSaver {
  constructor(
    private readonly outer: BaseCheckpointSaver,
    private readonly prefix: string,
    /** Where the graphs around stand: by it a saver tells to what of the thread a checkpoint belongs. */
    private readonly around: Checkpoints,
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
    return this.inward(await this.outer.put(this.outward(config), checkpoint, this.belonging(metadata), ...rest));
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

  private belonging({ parents, ...metadata }: CheckpointMetadata): CheckpointMetadata {
    const own = Object.entries((parents as Parents) ?? {}).map(
      ([namespace, id]) => [keyOf([this.prefix, ...partsOf(namespace)]), id] as const,
    );
    return { ...metadata, parents: { ...this.around, ...Object.fromEntries(own) } };
  }

  private metadata({ parents, ...metadata }: CheckpointMetadata): CheckpointMetadata {
    const own = Object.entries((parents as Parents) ?? {}).flatMap(([namespace, id]) => {
      const isInside = namespace === this.prefix || namespace.startsWith(keyOf([this.prefix, ""]));
      return isInside ? [[keyOf(partsOf(namespace.slice(this.prefix.length))), id] as const] : [];
    });
    return { ...metadata, parents: Object.fromEntries(own) };
  }

  private tuple(found: CheckpointTuple): CheckpointTuple {
    const { parentConfig, metadata } = found;
    return {
      ...found,
      ...(metadata === undefined ? {} : { metadata: this.metadata(metadata) }),
      config: this.inward(found.config),
      ...(parentConfig === undefined ? {} : { parentConfig: this.inward(parentConfig) }),
    };
  }
}
