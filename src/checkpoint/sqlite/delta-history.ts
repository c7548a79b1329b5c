import type { CheckpointPendingWrite, DeltaChannelHistory } from "@langchain/langgraph-checkpoint";
import type { Item } from "../chunks/items.js";
import type { Reviver } from "../chunks/reviver.js";
import { bodyOf, entryOf, type CheckpointCodec } from "../codec.js";
import type { Place } from "../row.js";
import { gathered } from "./reading.js";
import type { CheckpointTables } from "./tables.js";

/** What was read of one channel: its writes, oldest first, on top of the value where they start. */
interface ChannelItems {
  readonly writes: (readonly [task: string, item: Item])[];
  seed: Item | undefined;
}

/** Everything that LangGraph's `DeltaChannel`s need, read in one transaction: the line of ancestors is one query. */
export interface DeltaItems {
  readonly reviver: Reviver;
  readonly channels: ReadonlyMap<string, ChannelItems>;
}

const LEAST_ANCESTORS = 32;

/** Reads the line above a checkpoint up to where each channel was last stored whole. Only ancestors count: forks never mix. */
export function readDeltas(
  tables: CheckpointTables,
  codec: CheckpointCodec,
  place: Place,
  names: readonly string[],
  era: number,
): DeltaItems | undefined {
  const thread = tables.thread(place.thread);
  const target = thread === undefined ? undefined : tables.checkpoint(place);
  if (thread === undefined || target === undefined) return undefined;
  const reviver = codec.reviver({ ...thread, era });
  const channels = new Map(names.map((name): [string, ChannelItems] => [name, { writes: [], seed: undefined }]));
  const remaining = new Set(names);
  const visited = new Set([target.id]);
  let lowest = target;
  while (remaining.size > 0) {
    const limit = Math.max(LEAST_ANCESTORS, target.delta + 1);
    const line = tables.ancestors(lowest, limit);
    for (const ancestor of line) {
      if (remaining.size === 0 || visited.has(ancestor.id)) return { reviver, channels };
      visited.add(ancestor.id);
      const newestFirst = tables.writes(ancestor).toReversed();
      const writes = newestFirst.filter(({ channel }) => remaining.has(channel));
      const items = gathered(reviver.gather(writes.map(entryOf)), tables, thread.tree);
      for (const [index, { channel, task }] of writes.entries()) channels.get(channel)?.writes.unshift([task, items[index] as Item]); // one item for each write
      const seeds = gathered(reviver.gatherKeys(bodyOf(ancestor).values, remaining), tables, thread.tree);
      for (const [channel, seed] of seeds) {
        const found = channels.get(channel);
        if (found !== undefined) found.seed = seed;
        remaining.delete(channel);
      }
    }
    const last = line.at(-1);
    if (last === undefined || line.length < limit) break;
    lowest = last;
  }
  return { reviver, channels };
}

/** The history as LangGraph wants it. */
export async function deltaHistory({ reviver, channels }: DeltaItems): Promise<Record<string, DeltaChannelHistory>> {
  const made = [...channels].map(([channel, { writes, seed }]) => ({
    channel,
    writes: writes.map(([task, item]) => ({ task, holder: reviver.holder(item) })),
    seed: seed === undefined ? undefined : reviver.holder(seed),
  }));
  await reviver.settle();
  const history = made.map(({ channel, writes, seed }): [string, DeltaChannelHistory] => {
    const ordered = writes.map(({ task, holder }): CheckpointPendingWrite => [task, channel, holder[0]]);
    return [channel, seed === undefined || seed[0] === undefined ? { writes: ordered } : { writes: ordered, seed: seed[0] }];
  });
  return Object.fromEntries(history);
}
