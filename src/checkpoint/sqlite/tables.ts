import type { Chunk, StoredChunk } from "../chunks/chunk.js";
import type { CheckpointRow, Place, WriteRow } from "../row.js";
import type { Connection } from "../../database/sqlite.js";

/** A thread as the file knows it. */
export interface ThreadRow {
  readonly id: number;
  /** Where its chunks are; shared with the threads it was copied to and from. */
  readonly tree: number;
  /** Counts the collections of garbage in the tree: what was known to be stored before one may be gone after it. */
  readonly generation: number;
}

/** Which checkpoints {@link CheckpointTables.keys} gives. */
export interface KeyQuery {
  readonly thread?: string | undefined;
  readonly ns?: string | undefined;
  readonly id?: string | undefined;
  /** Only those with a smaller id. */
  readonly before?: string | undefined;
  /** Go on after this one. */
  readonly after?: Place | undefined;
  readonly limit: number;
}

const ROW = "thread.name AS thread, ns, checkpoint.id, parent, root, delta, created, body";
const OF_THREAD = "thread = (SELECT id FROM thread WHERE name = ?)";

/** The statements of the saver, each prepared once. None opens a transaction. */
export class CheckpointTables {
  private readonly statements;

  constructor(private readonly connection: Connection) {
    const prepare = <Parameters extends unknown[], Row = unknown>(sql: string) => connection.prepare<Parameters, Row>(sql);
    const from = `SELECT ${ROW} FROM checkpoint JOIN thread ON thread.id = checkpoint.thread WHERE thread.name = ? AND ns = ?`;
    this.statements = {
      thread: prepare<[string], ThreadRow>(
        "SELECT thread.id, tree, generation FROM thread JOIN tree ON tree.id = thread.tree WHERE name = ?",
      ),
      newTree: prepare("INSERT INTO tree DEFAULT VALUES"),
      newThread: prepare<[string, number | bigint]>("INSERT INTO thread (name, tree) VALUES (?, ?)"),
      chunk: prepare<[number, string, number, Uint8Array]>(
        "INSERT INTO chunk (tree, hash, kind, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ),
      chunks: prepare<[string, number], StoredChunk>(
        "SELECT hash, kind, bytes FROM json_each(?) AS wanted CROSS JOIN chunk ON tree = ? AND hash = wanted.value",
      ),
      put: prepare<[number, string, string, string | null, string | null, number, number, string]>(
        `INSERT INTO checkpoint (thread, ns, id, parent, root, delta, created, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET parent = excluded.parent, root = excluded.root, delta = excluded.delta, created = excluded.created, body = excluded.body`,
      ),
      exact: prepare<[string, string, string], CheckpointRow>(`${from} AND checkpoint.id = ?`),
      latest: prepare<[string, string], CheckpointRow>(`${from} ORDER BY checkpoint.id DESC LIMIT 1`),
      roots: prepare<[string, string], CheckpointRow>(`${from} AND parent IS NULL`),
      writes: prepare<[string, string, string], WriteRow>(
        `SELECT path, task, position, channel, value FROM pending_write WHERE ${OF_THREAD} AND ns = ? AND checkpoint = ?
         ORDER BY path, task, position`,
      ),
      write: prepare<[WriteKey]>(
        `INSERT INTO pending_write (thread, ns, checkpoint, path, task, position, channel, value)
         VALUES (@thread, @ns, @checkpoint, @path, @task, @position, @channel, @value)
         ON CONFLICT DO UPDATE SET channel = excluded.channel, value = excluded.value WHERE position < 0`,
      ),
      ancestors: prepare<[string, string, string, number], CheckpointRow>(
        `WITH RECURSIVE line (thread, ns, id, depth) AS (
           SELECT thread, ns, parent, 1 FROM checkpoint WHERE ${OF_THREAD} AND ns = ? AND id = ?
           UNION SELECT line.thread, line.ns, parent, depth + 1 FROM checkpoint JOIN line USING (thread, ns, id) WHERE depth < ?
         )
         SELECT ${ROW} FROM line JOIN checkpoint USING (thread, ns, id) JOIN thread ON thread.id = checkpoint.thread ORDER BY depth`,
      ),
    };
  }

  thread(name: string): ThreadRow | undefined {
    return this.statements.thread.get(name);
  }

  threadOrNew(name: string): ThreadRow {
    const known = this.thread(name);
    if (known !== undefined) return known;
    const tree = this.statements.newTree.run().lastInsertRowid;
    const id = this.statements.newThread.run(name, tree).lastInsertRowid;
    return { id: Number(id), tree: Number(tree), generation: 0 };
  }

  addChunks(thread: ThreadRow, chunks: readonly Chunk[]): void {
    for (const chunk of chunks)
      if (!chunk.isStored(thread.tree, thread.generation)) this.statements.chunk.run(thread.tree, chunk.hash, chunk.kind, chunk.bytes);
  }

  chunks(tree: number, hashes: readonly string[]): StoredChunk[] {
    return this.statements.chunks.all(JSON.stringify(hashes), tree);
  }

  put(thread: ThreadRow, row: Omit<CheckpointRow, "thread">): void {
    this.statements.put.run(thread.id, row.ns, row.id, row.parent, row.root, row.delta, row.created, row.body);
  }

  /** The checkpoint, or the one with the greatest id when `id` is empty. */
  checkpoint({ thread, ns, id }: Place): CheckpointRow | undefined {
    return id === "" ? this.statements.latest.get(thread, ns) : this.statements.exact.get(thread, ns, id);
  }

  /** The checkpoints without a parent. */
  roots(thread: string, ns: string): CheckpointRow[] {
    return this.statements.roots.all(thread, ns);
  }

  /** Up to `limit` checkpoints above this one, nearest first. */
  ancestors({ thread, ns, id }: Place, limit: number): CheckpointRow[] {
    return this.statements.ancestors.all(thread, ns, id, limit);
  }

  writes({ thread, ns, id }: Place): WriteRow[] {
    return this.statements.writes.all(thread, ns, id);
  }

  addWrites(thread: ThreadRow, { ns, id }: Place, writes: readonly WriteRow[]): void {
    for (const write of writes) this.statements.write.run({ thread: thread.id, ns, checkpoint: id, ...write });
  }

  /** Gives how many checkpoints were named: one or none. */
  label({ thread, ns, id }: Place, label: string | null): number {
    const sql = `UPDATE checkpoint SET label = ? WHERE ${OF_THREAD} AND ns = ? AND id = ?`;
    return this.connection.prepare(sql).run(label, thread, ns, id).changes;
  }

  labels(thread: string): (Place & { readonly label: string })[] {
    return this.connection
      .prepare<[string], Place & { readonly label: string }>(
        `SELECT thread.name AS thread, ns, checkpoint.id, label FROM checkpoint JOIN thread ON thread.id = checkpoint.thread
         WHERE thread.name = ? AND label IS NOT NULL ORDER BY checkpoint.id`,
      )
      .all(thread);
  }

  /** Greatest id first; checkpoints of one id in the order of their thread and namespace. */
  keys(query: KeyQuery): Place[] {
    const conditions: string[] = [];
    const values: unknown[] = [];
    const where = (condition: string, ...more: readonly unknown[]): void => {
      conditions.push(condition);
      values.push(...more);
    };
    if (query.thread !== undefined) where("thread = (SELECT id FROM thread WHERE name = ?)", query.thread);
    if (query.ns !== undefined) where("ns = ?", query.ns);
    if (query.id !== undefined) where("checkpoint.id = ?", query.id);
    if (query.before !== undefined) where("checkpoint.id < ?", query.before);
    const { after } = query;
    if (after !== undefined) where("(checkpoint.id, thread.name, ns) < (?, ?, ?)", after.id, after.thread, after.ns);
    return this.connection
      .prepare<unknown[], Place>(
        `SELECT thread.name AS thread, ns, checkpoint.id FROM checkpoint JOIN thread ON thread.id = checkpoint.thread
         ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
         ORDER BY checkpoint.id DESC, thread.name DESC, ns DESC LIMIT ?`,
      )
      .all(...values, query.limit);
  }
}

interface WriteKey extends WriteRow {
  readonly thread: number;
  readonly ns: string;
  readonly checkpoint: string;
}
