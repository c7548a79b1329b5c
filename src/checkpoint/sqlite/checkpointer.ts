import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  TASKS,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type DeltaChannelHistory,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { setImmediate as nextTurn } from "node:timers/promises";
import { InvalidRequestError } from "../../base/errors.js";
import { maybe, number, record, requireForm, shape, something, text } from "../../base/form.js";
import type { Chunk } from "../chunks/chunk.js";
import { bodyOf, CheckpointCodec, configOf, type GatheredTuple } from "../codec.js";
import { RETENTION, type RetentionRules } from "../retention.js";
import { idOf, namespaceOf, placeOf, threadOf } from "../place.js";
import type { Place } from "../row.js";
import { FILE_OPTIONS, openFile, type Connection, type FileOptions } from "../../database/sqlite.js";
import { deltaHistory, readDeltas } from "./delta-history.js";
import { Transactions } from "../../database/transactions.js";
import { assertNewest, leaseOf, Writer, WRITER, type Lease } from "../../compile/writer.js";
import { systemClock, type Clock } from "../../base/clock.js";
import { collectTree } from "./garbage.js";
import { readOfficial, writeOfficial } from "./official.js";
import { pruneThread } from "./prune.js";
import { statistics, type StorageStatistics } from "./statistics.js";
import { copyThread, deleteThread, threadNames, threadRows, treesWithGarbage } from "./threads.js";
import { gathered } from "./reading.js";
import { CHECKPOINT_SCHEMA } from "./schema.js";
import { CheckpointTables, type ThreadRow } from "./tables.js";

/** Options of a {@link SqliteCheckpointer}. */
export interface SqliteCheckpointerOptions extends FileOptions {
  /**
   * A serializer of your own, for example one that encrypts: every value then goes through it. Values are still stored once, but only
   * lists are taken apart. Default: LangGraph's.
   */
  readonly serde?: SerializerProtocol;
  /** Prunes a thread by these rules each time it has got `everySteps` (default 100) new checkpoints. Default: nothing is ever pruned. */
  readonly retention?: RetentionRules & { readonly everySteps?: number };
  /** About how many bytes of what was read or written is remembered, to be neither read nor written again. Default 32 MiB. */
  readonly cacheBytes?: number;
  /** Tells how old a checkpoint is, when old ones are deleted. Default: the machine's clock. */
  readonly clock?: Clock;
}

/** Which checkpoints {@link SqliteCheckpointer.prune} looks at, and which stay. */
export interface PruneOptions extends RetentionRules {
  /** Default: all threads. */
  readonly threadId?: string;
}

/** What {@link SqliteCheckpointer.prune} deleted. */
export interface Pruned {
  readonly checkpoints: number;
  /** Pieces of state that nothing names any more. */
  readonly chunks: number;
}

const OPTIONS = shape<SqliteCheckpointerOptions>({
  ...FILE_OPTIONS,
  serde: maybe(something),
  retention: maybe(shape<NonNullable<SqliteCheckpointerOptions["retention"]>>({ ...RETENTION, everySteps: maybe(number) })),
  cacheBytes: maybe(number),
  clock: maybe(record),
});
const PRUNING = shape<PruneOptions>({ ...RETENTION, threadId: maybe(text) });

const CACHE_BYTES = 33_554_432;
const PAGE = 100;
const PRUNE_EVERY = 100;
/** Milliseconds that a list may go on without letting others run. */
const LONGEST_PAUSE = 10;

/**
 * A LangGraph checkpoint saver on SQLite that stores each thing once. Messages and other parts of the state are content-addressed chunks;
 * a checkpoint is a short row of references, so a thread grows by what is new in each step, and forks share what they have in common.
 * One transaction a step; several processes may use one file. What it promises: `docs/persistence.md`.
 */
export class SqliteCheckpointer extends BaseCheckpointSaver {
  private readonly connection: Connection;
  private readonly transactions: Transactions;
  private readonly clock: Clock;
  private readonly tables: CheckpointTables;
  private readonly codec: CheckpointCodec;
  private readonly retention: SqliteCheckpointerOptions["retention"];
  private readonly steps = new Map<string, number>();

  /**
   * `file` is a path, `":memory:"`, or an open connection, which {@link close} then closes.
   * @throws InvalidDefinitionError for an option that there is not, or of another kind; StorageFailedError when the file is damaged,
   * locked or of another program; CheckpointVersionError when it is too new.
   */
  constructor(file: string | Connection, options: SqliteCheckpointerOptions = {}) {
    requireForm("SqliteCheckpointer", options, OPTIONS);
    super(options.serde);
    this.connection = openFile(file, CHECKPOINT_SCHEMA, options);
    this.transactions = new Transactions(this.connection, CHECKPOINT_SCHEMA, options);
    this.clock = options.clock ?? systemClock;
    this.tables = new CheckpointTables(this.connection);
    this.codec = new CheckpointCodec(options.serde, this.serde, options.cacheBytes ?? CACHE_BYTES);
    this.retention = options.retention;
  }

  /** The same as the constructor. */
  static fromFile(file: string, options?: SqliteCheckpointerOptions): SqliteCheckpointer {
    return new SqliteCheckpointer(file, options);
  }

  /** Closes the file. Everything acknowledged is in it. */
  close(): void {
    this.connection.close();
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const thread = threadOf(config);
    if (thread === undefined) return undefined;
    return await this.tuple({ thread, ns: namespaceOf(config) ?? "", id: idOf(config) }, undefined, writerOf(config));
  }

  /** Newest first. Each tuple is read when it is asked for, so a long thread is never in memory as a whole. */
  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { limit, before, filter } = options;
    const query = {
      thread: threadOf(config),
      ns: namespaceOf(config),
      id: idOf(config) || undefined,
      before: before === undefined || idOf(before) === "" ? undefined : { id: idOf(before), ns: namespaceOf(before) },
    };
    let left = limit ?? Number.POSITIVE_INFINITY;
    let after: number | undefined;
    let begun = performance.now();
    while (left > 0) {
      const most = filter === undefined ? Math.min(PAGE, left) : PAGE;
      const keys = await this.transactions.read(() => this.tables.keys({ ...query, after, limit: most }));
      for (const key of keys) {
        const tuple = await this.tuple(key, filter);
        if (performance.now() - begun > LONGEST_PAUSE) {
          await nextTurn(); // reading a long history must not keep everybody else waiting
          begun = performance.now();
        }
        if (tuple === undefined) continue;
        yield tuple;
        left -= 1;
        if (left <= 0) return;
      }
      after = keys.at(-1)?.sequence;
      if (after === undefined) return;
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { thread, ns, id: parent } = placeOf(config);
    const place = { thread, ns, id: checkpoint.id, parent: parent === "" ? null : parent };
    const unclaimed = Object.keys(checkpoint.channel_values).filter((channel) => !Object.hasOwn(newVersions, channel));
    // a first checkpoint that calls a channel unchanged: LangGraph does so when it copies one, where the channel is known; else it is not ours
    const isOrphan = place.parent === null && unclaimed.length > 0;
    const holds = isOrphan ? this.channelsOfRoots(thread, ns, checkpoint.channel_versions) : undefined;
    const { rows, chunks } = await this.codec.checkpoint(place, checkpoint, metadata, newVersions, holds);
    await this.store(config, place, chunks, (row) => this.tables.put(row, rows));
    if (this.retention !== undefined) await this.pruneInTime(thread, this.retention);
    return configOf(place);
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath = ""): Promise<void> {
    const place = placeOf(config);
    if (place.id === "") throw new InvalidRequestError("config", "there is no configurable.checkpoint_id", "the id of a checkpoint");
    const { rows, chunks } = await this.codec.writes(writes, taskId, taskPath);
    await this.store(config, place, chunks, (thread) => this.tables.addWrites(thread, place, rows));
  }

  /**
   * From now on, only writes under this lease, or a newer one, are taken; those that carry none as well. A run with
   * `configurable.lease` does it before it begins. @throws LeaseLostError when the thread has a newer one.
   */
  async takeLease(threadId: string, lease: Lease): Promise<void> {
    await this.transactions.write(() => this.proveLease(this.tables.threadOrNew(threadId), threadId, lease));
  }

  /** Deletes all checkpoints and writes of a thread, and what only they held. */
  override async deleteThread(threadId: string): Promise<void> {
    await this.transactions.write(() => deleteThread(this.connection, threadId));
  }

  override async getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>> {
    const place = placeOf(options.config);
    const { transactions: all, tables, codec } = this;
    const found = await all.read(() => readDeltas(tables, codec, place, options.channels, all.era));
    return found === undefined
      ? Object.fromEntries(options.channels.map((channel) => [channel, { writes: [] }]))
      : await deltaHistory(found);
  }

  /**
   * Deletes old checkpoints and what only they held. The newest of each namespace, named ones, those with an open interrupt, and what
   * these need, always stay. Safe while runs go on, also in other processes.
   */
  async prune(options: PruneOptions): Promise<Pruned> {
    requireForm("prune()", options, PRUNING);
    const { threadId, ...rules } = options;
    const now = this.clock.now();
    let checkpoints = 0;
    for (const name of threadId === undefined ? await this.transactions.read(() => threadNames(this.connection)) : [threadId]) {
      checkpoints += await this.transactions.write(() => pruneThread(this.connection, name, rules, now));
      await nextTurn();
    }
    return { checkpoints, chunks: await this.collectGarbage() };
  }

  /** Deletes the threads whose newest checkpoint is older than so many milliseconds; gives their ids. */
  async deleteIdleThreads(milliseconds: number): Promise<string[]> {
    const idle = await this.transactions.read(() => threadNames(this.connection, this.clock.now() - milliseconds));
    for (const name of idle) await this.deleteThread(name);
    return idle;
  }

  /** Deletes what no checkpoint names any more, in transactions of at most `chunksAtOnce`; others run in between. Gives how many. */
  async collectGarbage(chunksAtOnce = 10_000): Promise<number> {
    let chunks = 0;
    for (const tree of await this.transactions.read(() => treesWithGarbage(this.connection))) {
      let isDone = false;
      while (!isDone) {
        const collected = await this.transactions.write(() => collectTree(this.connection, tree, chunksAtOnce));
        chunks += collected.chunks;
        ({ isDone } = collected);
        await nextTurn();
      }
    }
    await this.transactions.write(() => this.connection.pragma("incremental_vacuum"));
    return chunks;
  }

  /** Copies a thread with its whole history. The two share what they have in common, and go their own ways from here. */
  async copyThread(sourceId: string, targetId: string): Promise<void> {
    await this.transactions.write(() => copyThread(this.connection, sourceId, targetId));
  }

  /** Names a checkpoint, so that it is never pruned, or takes the name away. The config must name the checkpoint. */
  async setLabel(config: RunnableConfig, label: string | undefined): Promise<void> {
    const place = placeOf(config);
    if ((await this.transactions.write(() => this.tables.label(place, label ?? null))) === 0)
      throw new InvalidRequestError(
        "config",
        `there is no checkpoint "${place.id}" in thread "${place.thread}"`,
        "the config of a stored checkpoint",
      );
  }

  /** The named checkpoints of a thread. */
  async labels(threadId: string): Promise<{ readonly label: string; readonly config: RunnableConfig }[]> {
    const labels = await this.transactions.read(() => this.tables.labels(threadId));
    return labels.map(({ label, ...place }) => ({ label, config: configOf(place) }));
  }

  /** Measures one thread, or the whole file. Reads all of its rows, so it takes a while for a large one. */
  async statistics(threadId?: string): Promise<StorageStatistics> {
    return await this.transactions.read(() => statistics(this.connection, threadRows(this.connection, threadId)));
  }

  /** Takes over every checkpoint of a file of `@langchain/langgraph-checkpoint-sqlite`, which stays as it is. Can be repeated. */
  async importFrom(file: string): Promise<number> {
    let count = 0;
    for await (const { thread, ns, parent, checkpoint, metadata, writes } of readOfficial(file, this.serde)) {
      const place = { thread, ns, id: checkpoint.id };
      const encoded = await this.codec.checkpoint({ ...place, parent: parent ?? null }, checkpoint, metadata, checkpoint.channel_versions);
      const written = await Promise.all(
        writes.map(async ({ task, position, channel, value }) => {
          const { rows, chunks } = await this.codec.writes([[channel, value]], task, "");
          return { rows: rows.map((row) => ({ ...row, position })), chunks };
        }),
      );
      const chunks = [encoded, ...written].flatMap((part) => part.chunks);
      await this.store({}, place, chunks, (row) => {
        this.tables.put(row, encoded.rows);
        for (const { rows } of written) this.tables.addWrites(row, place, rows);
      });
      count += 1;
    }
    return count;
  }

  /** Writes every checkpoint, or those of one thread, into a file for `@langchain/langgraph-checkpoint-sqlite`. */
  async exportTo(file: string, threadId?: string): Promise<number> {
    const config = { configurable: threadId === undefined ? {} : { thread_id: threadId } };
    return await writeOfficial(file, this.list(config), this.serde);
  }

  private async pruneInTime(thread: string, { everySteps = PRUNE_EVERY, ...rules }: NonNullable<SqliteCheckpointerOptions["retention"]>) {
    const steps = (this.steps.get(thread) ?? 0) + 1;
    this.steps.set(thread, steps % everySteps);
    if (steps >= everySteps) await this.prune({ threadId: thread, ...rules });
  }

  /** Which channels a checkpoint without parent holds at the same version. */
  private async channelsOfRoots(thread: string, ns: string, versions: ChannelVersions): Promise<(channel: string) => boolean> {
    const known = new Set<string>();
    for (const { id } of await this.transactions.read(() => this.tables.roots(thread, ns))) {
      const checkpoint = (await this.tuple({ thread, ns, id }))?.checkpoint;
      for (const channel of Object.keys(checkpoint?.channel_values ?? {}))
        if (checkpoint?.channel_versions[channel] === versions[channel]) known.add(channel);
    }
    return (channel) => known.has(channel);
  }

  private async tuple(place: Place, filter?: Readonly<Record<string, unknown>>, writer?: Writer): Promise<CheckpointTuple | undefined> {
    const found = await this.transactions.read(() => this.gather(place, writer));
    return found === undefined ? undefined : await this.codec.tuple(found, filter);
  }

  private gather(place: Place, writer: Writer | undefined): GatheredTuple | undefined {
    const thread = this.tables.thread(place.thread);
    if (writer !== undefined && !writer.knows(this, place))
      writer.saw(this, place, thread === undefined ? null : this.tables.head(thread, place.ns));
    const row = thread === undefined ? undefined : this.tables.checkpoint(place);
    if (thread === undefined || row === undefined) return undefined;
    const isOld = bodyOf(row).v < 4 && row.parent !== null;
    const parentWrites = isOld ? this.tables.writes({ ...row, id: row.parent }).filter(({ channel }) => channel === TASKS) : [];
    const stored = { row, writes: this.tables.writes(row), parentWrites };
    const reviver = this.codec.reviver({ ...thread, era: this.transactions.era });
    return gathered(this.codec.gather(reviver, stored), this.tables, thread.tree);
  }

  /** The one way in which anything of a run is written: chunks and rows in one transaction, after its writer has proved that it may. */
  private async store(config: RunnableConfig, place: Place, chunks: readonly Chunk[], rows: (thread: ThreadRow) => void): Promise<void> {
    const [writer, lease] = [writerOf(config), leaseOf(config)];
    const { tree, generation, era, head } = await this.transactions.write(() => {
      const thread = this.tables.threadOrNew(place.thread);
      if (lease !== undefined) this.proveLease(thread, place.thread, lease, writer);
      if (writer !== undefined)
        for (const ns of new Set(["", place.ns])) writer.assertHead(this, { ...place, ns }, this.tables.head(thread, ns));
      this.tables.addChunks(thread, this.transactions.era, chunks);
      rows(thread);
      return { ...thread, era: this.transactions.era, head: writer === undefined ? null : this.tables.head(thread, place.ns) };
    });
    if (head !== null) writer?.wrote(this, place, head);
    for (const chunk of chunks) chunk.stored(tree, generation, era);
  }

  private proveLease(thread: ThreadRow, name: string, lease: Lease, writer?: Writer): void {
    try {
      assertNewest(name, lease, thread);
    } catch (error) {
      if (error instanceof Error) writer?.lose(error);
      throw error;
    }
    if (lease.epoch !== thread.epoch || (thread.holder ?? undefined) !== lease.holder) this.tables.setLease(thread, lease);
  }
}

/** The writer that the door of an orchestration sent along; a client may send anything under its name. */
function writerOf(config: RunnableConfig): Writer | undefined {
  const writer: unknown = WRITER.of(config);
  return writer instanceof Writer ? writer : undefined;
}
