import { isDeepStrictEqual } from "node:util";
import {
  maxChannelVersion,
  TASKS,
  WRITES_IDX_MAP,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { Capture, type Serializer } from "./chunks/capture.js";
import type { Chunk } from "./chunks/chunk.js";
import type { Entry } from "./chunks/entry.js";
import { KnownValues } from "./chunks/known-values.js";
import type { Item } from "./chunks/items.js";
import { Reviver, type Gathering, type TreeAt } from "./chunks/reviver.js";
import { AS_PARENT } from "./retention.js";
import type { Body, CheckpointRow, Place, WriteRow } from "./row.js";

/** Rows to store, and the chunks they need. Chunks first: a row never stands before what it names. */
export interface Encoded<Rows> {
  readonly rows: Rows;
  readonly chunks: readonly Chunk[];
}

/** What one transaction read of a checkpoint. */
export interface StoredTuple {
  readonly row: CheckpointRow;
  readonly writes: readonly WriteRow[];
  /** The parent's writes; only needed for checkpoints of before version 4. */
  readonly parentWrites: readonly WriteRow[];
}

/** A tuple whose chunks are all in memory; its values are not yet made. */
export interface GatheredTuple extends StoredTuple {
  readonly reviver: Reviver;
  readonly items: readonly Item[];
}

/** Where {@link CheckpointCodec.gather} puts the metadata. */
const METADATA = 3;

// the parts of a checkpoint are in its row up to this length: a row has no address to compute and no index to search
const ROW_INLINE_LIMIT = 1000;

/** Checkpoints and writes as rows and chunks, and back. Knows no database. */
export class CheckpointCodec {
  private readonly serializer: Serializer;
  private readonly known: KnownValues;

  /** `serde` undefined: LangGraph's own. `cacheBytes`: about how much of what was read or written is remembered. */
  constructor(serde: SerializerProtocol | undefined, fallback: SerializerProtocol, cacheBytes: number) {
    this.serializer = { protocol: serde ?? fallback, isOpen: serde === undefined };
    this.known = new KnownValues(cacheBytes);
  }

  /**
   * Takes the checkpoint as it is now. A channel that is not in `newVersions` and still holds the very object that was read or written
   * before is not looked into. `holds` says which of the channels that are not in `newVersions` to store at all; default all.
   */
  async checkpoint(
    place: Place & { readonly parent: string | null },
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
    holds?: Promise<(channel: string) => boolean>,
  ): Promise<Encoded<CheckpointRow>> {
    const capture = new Capture(this.serializer, this.known);
    const channels = Object.entries(checkpoint.channel_values).filter(([, value]) => typeof value !== "function");
    const values = channels.map(([channel, value]) => ({ channel, index: capture.take(value, !Object.hasOwn(newVersions, channel)) }));
    const [versions, seen, meta] = [checkpoint.channel_versions, checkpoint.versions_seen ?? {}, metadata].map((value) =>
      capture.take(value, false, ROW_INLINE_LIMIT),
    ) as [number, number, number]; // as many as taken
    await capture.settle();
    const isHeld = await holds;
    const stored = values.filter(({ channel }) => isHeld === undefined || Object.hasOwn(newVersions, channel) || isHeld(channel));
    const record = capture.record(
      stored.map(({ channel }) => channel),
      stored.map(({ index }) => index),
      ROW_INLINE_LIMIT,
    );
    const body =
      `{"v":${JSON.stringify(checkpoint.v)},"ts":${JSON.stringify(checkpoint.ts)},"values":${record},"versions":${capture.entry(versions)},` +
      `"seen":${capture.entry(seen)},"metadata":${capture.entry(meta)}}`;
    const created = Date.parse(checkpoint.ts);
    const row: CheckpointRow = {
      ...place,
      root: place.ns === "" ? null : (metadata.parents?.[""] ?? null),
      delta: deltaDistance(metadata),
      created: Number.isNaN(created) ? 0 : created,
      body,
    };
    return { rows: row, chunks: capture.chunks };
  }

  /** Takes the writes of a task as they are now. */
  async writes(writes: readonly PendingWrite[], task: string, path: string): Promise<Encoded<WriteRow[]>> {
    const capture = new Capture(this.serializer, this.known);
    const taken = writes.map(([channel, value], index) => ({
      path,
      task,
      position: WRITES_IDX_MAP[channel] ?? index,
      channel,
      index: capture.take(value),
    }));
    await capture.settle();
    const rows = taken.map(({ index, ...row }) => ({ ...row, value: capture.entry(index) }));
    return { rows, chunks: capture.chunks };
  }

  /** A reader of one tree of threads, for one transaction. */
  reviver(tree: TreeAt): Reviver {
    return new Reviver(this.serializer, this.known, tree);
  }

  /** Reads every chunk that a tuple needs. */
  *gather(reviver: Reviver, stored: StoredTuple): Gathering<GatheredTuple> {
    const body = bodyOf(stored.row);
    const entries = [body.values, body.versions, body.seen, body.metadata];
    for (const write of [...stored.writes, ...stored.parentWrites]) entries.push(entryOf(write));
    return { ...stored, reviver, items: yield* reviver.gather(entries) };
  }

  /** The tuple; undefined when its metadata is not as the `filter` of a list wants it. */
  async tuple(gathered: GatheredTuple, filter: Readonly<Record<string, unknown>> = {}): Promise<CheckpointTuple | undefined> {
    const { row, writes, reviver, items } = gathered;
    if (Object.keys(filter).length > 0 && !(await this.matches(gathered, filter))) return undefined;
    const made = items.map((item) => reviver.holder(item));
    await reviver.settle();
    const [values, versions, seen, metadata, ...written] = made.map((holder) => holder[0]);
    const body = bodyOf(row);
    // what these entries hold was written by `checkpoint` above
    const checkpoint = {
      v: body.v,
      id: row.id,
      ts: body.ts,
      channel_values: values,
      channel_versions: versions,
      versions_seen: seen,
    } as Checkpoint;
    const pendingWrites = writes.map(({ task, channel }, index): CheckpointPendingWrite => [task, channel, written[index]]);
    if (checkpoint.v < 4 && row.parent !== null) {
      const sends = written.slice(writes.length);
      checkpoint.channel_values[TASKS] = sends;
      const known = Object.values(checkpoint.channel_versions);
      checkpoint.channel_versions[TASKS] = known.length > 0 ? (maxChannelVersion(...known) as number) : 1;
    }
    const tuple: CheckpointTuple = {
      config: configOf(row),
      checkpoint,
      metadata: metadata as CheckpointMetadata,
      pendingWrites,
    };
    return row.parent === null ? tuple : { ...tuple, parentConfig: configOf({ ...row, id: row.parent }) };
  }

  private async matches({ reviver, items }: GatheredTuple, filter: Readonly<Record<string, unknown>>): Promise<boolean> {
    const holder = reviver.holder(items[METADATA] as Item); // one of the four entries of a body
    await reviver.settle();
    const metadata = holder[0] as Readonly<Record<string, unknown>>; // an object was written
    return Object.entries(filter).every(([key, value]) => value === undefined || isDeepStrictEqual(metadata[key], value));
  }
}

/** The parsed body of a row. */
export function bodyOf(row: CheckpointRow): Body {
  return JSON.parse(row.body) as Body; // written by this file
}

/** The parsed entry of a write. */
export function entryOf(write: WriteRow): Entry {
  return JSON.parse(write.value) as Entry; // written by this file
}

/** The config that names a checkpoint for LangGraph. */
export function configOf({ thread, ns, id }: Place): { configurable: { thread_id: string; checkpoint_ns: string; checkpoint_id: string } } {
  return { configurable: { thread_id: thread, checkpoint_ns: ns, checkpoint_id: id } };
}

/** How far above the checkpoint its `DeltaChannel`s start; LangGraph counts the steps since the last snapshot of each. */
function deltaDistance({ source, counters_since_delta_snapshot: counters }: CheckpointMetadata): number {
  if (counters === undefined) return source === "update" || source === "fork" ? AS_PARENT : 0;
  return Math.max(0, ...Object.values(counters).map(([, steps]) => steps));
}
