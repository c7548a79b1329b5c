import Sqlite from "better-sqlite3";
import { StorageFailedError } from "../../base/errors.js";
import type { Checkpoint, CheckpointMetadata, CheckpointTuple, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import { guarded } from "../../database/failure.js";

/** A checkpoint out of a file of `@langchain/langgraph-checkpoint-sqlite`. */
export interface OfficialCheckpoint {
  readonly thread: string;
  readonly ns: string;
  readonly parent: string | undefined;
  readonly checkpoint: Checkpoint;
  readonly metadata: CheckpointMetadata;
  readonly writes: readonly { readonly task: string; readonly position: number; readonly channel: string; readonly value: unknown }[];
}

interface OfficialRow {
  readonly thread_id: string;
  readonly checkpoint_ns: string;
  readonly checkpoint_id: string;
  readonly parent_checkpoint_id: string | null;
  readonly type: string | null;
  readonly checkpoint: Uint8Array | string;
  readonly metadata: Uint8Array | string;
}

interface OfficialWrite {
  readonly task_id: string;
  readonly idx: number;
  readonly channel: string;
  readonly type: string | null;
  readonly value: Uint8Array | string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS checkpoints (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL, parent_checkpoint_id TEXT,
    type TEXT, checkpoint BLOB, metadata BLOB, PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
  );
  CREATE TABLE IF NOT EXISTS writes (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL, task_id TEXT NOT NULL, idx INTEGER NOT NULL,
    channel TEXT NOT NULL, type TEXT, value BLOB, PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
  );`;

/** Reads a file of LangGraph's own SQLite saver, oldest checkpoint first, one at a time. */
export async function* readOfficial(file: string, serde: SerializerProtocol): AsyncGenerator<OfficialCheckpoint> {
  const connection = guarded(() => new Sqlite(file, { readonly: true, fileMustExist: true }));
  try {
    guarded(() => assertOfficial(connection, false));
    const load = async (type: string | null, data: Uint8Array | string): Promise<unknown> => await serde.loadsTyped(type ?? "json", data);
    const keys = guarded(() =>
      connection
        .prepare<[], { row: number }>("SELECT rowid AS row FROM checkpoints ORDER BY checkpoint_id, thread_id, checkpoint_ns")
        .all(),
    );
    const one = connection.prepare<[number], OfficialRow>("SELECT * FROM checkpoints WHERE rowid = ?");
    const ofOne = connection.prepare<[string, string, string], OfficialWrite>(
      "SELECT task_id, idx, channel, type, value FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? ORDER BY rowid",
    );
    for (const { row: key } of keys) {
      const row = guarded(() => one.get(key));
      if (row === undefined) continue;
      const writes = guarded(() => ofOne.all(row.thread_id, row.checkpoint_ns, row.checkpoint_id));
      yield {
        thread: row.thread_id,
        ns: row.checkpoint_ns,
        parent: row.parent_checkpoint_id ?? undefined,
        checkpoint: (await load(row.type, row.checkpoint)) as Checkpoint, // that saver writes nothing else
        metadata: (await load(row.type, row.metadata)) as CheckpointMetadata,
        writes: await Promise.all(
          writes.map(async (write) => ({
            task: write.task_id,
            position: write.idx,
            channel: write.channel,
            value: await load(write.type, write.value),
          })),
        ),
      };
    }
  } finally {
    connection.close();
  }
}

/** Writes tuples into a file for LangGraph's own SQLite saver, one transaction for each. */
export async function writeOfficial(file: string, tuples: AsyncIterable<CheckpointTuple>, serde: SerializerProtocol): Promise<number> {
  const connection = guarded(() => new Sqlite(file));
  let count = 0;
  try {
    guarded(() => assertOfficial(connection, true));
    guarded(() => connection.exec(SCHEMA));
    const put = connection.prepare("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)");
    const write = connection.prepare("INSERT OR REPLACE INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    for await (const { config, parentConfig, checkpoint, metadata, pendingWrites } of tuples) {
      const key = [config.configurable?.["thread_id"], config.configurable?.["checkpoint_ns"], checkpoint.id];
      const [[type, body], [, meta]] = await Promise.all([serde.dumpsTyped(checkpoint), serde.dumpsTyped(metadata)]);
      const counts = new Map<string, number>();
      const writes = await Promise.all(
        (pendingWrites ?? []).map(async ([task, channel, value]) => {
          const index = counts.get(task) ?? 0;
          counts.set(task, index + 1);
          return [...key, task, WRITES_IDX_MAP[channel] ?? index, channel, ...(await dumpsText(serde, value))];
        }),
      );
      guarded(() =>
        connection.transaction(() => {
          put.run(...key, parentConfig?.configurable?.["checkpoint_id"] ?? null, type, body, meta);
          for (const row of writes) write.run(...row);
        })(),
      );
      count += 1;
    }
    return count;
  } finally {
    connection.close();
  }
}

function assertOfficial(connection: Sqlite.Database, mayBeEmpty: boolean): void {
  const tables = connection.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const isOfficial = ["checkpoints", "writes"].every((name) => tables.some((table) => table.name === name));
  if (isOfficial || (mayBeEmpty && tables.length === 0)) return;
  throw new StorageFailedError("foreign", `"${connection.name}" is no file of @langchain/langgraph-checkpoint-sqlite`);
}

// that saver reads writes as text, which spoils bytes; inside a list they are written as JSON
async function dumpsText(serde: SerializerProtocol, value: unknown): Promise<[string, Uint8Array]> {
  const [type, bytes] = await serde.dumpsTyped(value);
  if (type !== "bytes") return [type, bytes];
  const [, list] = await serde.dumpsTyped([value]);
  return ["json", list.subarray(1, -1)];
}
