import type { Chunk, StoredChunk } from "../chunks/chunk.js";
import type { CheckpointRow, Place, WriteRow } from "../row.js";
import type { Lease } from "../../compile/writer.js";
import type { Connection } from "../../database/sqlite.js";

/** A thread as the file knows it. */
export interface ThreadRow {
  readonly id: number;
  /** Where its chunks are; shared with the threads it was copied to and from. */
  readonly tree: number;
  /** Counts the collections of garbage in the tree: what was known to be stored before one may be gone after it. */
  readonly generation: number;
  /** Of the newest lease. */
  readonly epoch: number;
  readonly holder: string | null;
}

/** The number of a checkpoint in the order in which they came, with what names it. */
export interface Key extends Place {
  readonly sequence: number;
}

/** Which checkpoints {@link CheckpointTables.keys} gives. */
export interface KeyQuery {
  readonly thread?: string | undefined;
  readonly ns?: string | undefined;
  readonly id?: string | undefined;
  /** Only those that came before this checkpoint. */
  readonly before?: { readonly id: string; readonly ns: string | undefined } | undefined;
  /** Go on after this one. */
  readonly after?: number | undefined;
  readonly limit: number;
}

const ROW = "thread.name AS thread, ns, checkpoint.id, parent, root, delta, created, body";
const OF_THREAD = "thread = (SELECT id FROM thread WHERE name = ?)";

// Of the same line: by the order in which they came. Of a nested graph: by the checkpoint of the outermost graph it belongs to, because
// the two may be stored in either order. Else, as LangGraph's own savers do, by the id, which is a time.
const BEFORE = `CASE WHEN ns = @ns THEN sequence < @sequence
  WHEN @ns = '' AND root IS NOT NULL THEN coalesce((SELECT mark.sequence FROM checkpoint AS mark
    WHERE mark.thread = checkpoint.thread AND mark.ns = '' AND mark.id = checkpoint.root) < @sequence, checkpoint.id < @id)
  ELSE checkpoint.id < @id END`;
/** So many chunks are looked for before they are offered. */
const MANY = 8;

/** The statements of the saver, each prepared once. None opens a transaction. */
export class CheckpointTables {
  private readonly statements;

  constructor(private readonly connection: Connection) {
    const prepare = <Parameters extends unknown[], Row = unknown>(sql: string) => connection.prepare<Parameters, Row>(sql);
    const from = `SELECT ${ROW} FROM checkpoint JOIN thread ON thread.id = checkpoint.thread WHERE thread.name = ? AND ns = ?`;
    this.statements = {
      thread: prepare<[string], ThreadRow>(
        "SELECT thread.id, tree, generation, epoch, holder FROM thread JOIN tree ON tree.id = thread.tree WHERE name = ?",
      ),
      newTree: prepare("INSERT INTO tree DEFAULT VALUES"),
      newThread: prepare<[string, number | bigint]>("INSERT INTO thread (name, tree) VALUES (?, ?)"),
      chunk: prepare<[number, string, number, Uint8Array]>(
        "INSERT INTO chunk (tree, hash, kind, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ),
      present: prepare<[string, number], string>(
        "SELECT hash FROM json_each(?) AS wanted CROSS JOIN chunk ON tree = ? AND hash = wanted.value",
      ).pluck(),
      chunks: prepare<[string, number], StoredChunk>(
        "SELECT hash, kind, bytes FROM json_each(?) AS wanted CROSS JOIN chunk ON tree = ? AND hash = wanted.value",
      ),
      put: prepare<[number, string, string, string | null, string | null, number, number, string]>(
        `INSERT INTO checkpoint (thread, ns, id, parent, root, delta, created, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (thread, ns, id) DO UPDATE SET parent = excluded.parent, root = excluded.root, delta = excluded.delta, created = excluded.created, body = excluded.body`,
      ),
      exact: prepare<[string, string, string], CheckpointRow>(`${from} AND checkpoint.id = ?`),
      latest: prepare<[string, string], CheckpointRow>(`${from} ORDER BY sequence DESC LIMIT 1`),
      head: prepare<[number, string], string>(
        "SELECT id FROM checkpoint WHERE thread = ? AND ns = ? ORDER BY sequence DESC LIMIT 1",
      ).pluck(),
      sequence: prepare<[string, string, string], number>(
        `SELECT sequence FROM checkpoint WHERE ${OF_THREAD} AND ns = ? AND id = ?`,
      ).pluck(),
      lease: prepare<[number, string | null, number]>("UPDATE thread SET epoch = ?, holder = ? WHERE id = ?"),
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
    return { id: Number(id), tree: Number(tree), generation: 0, epoch: 0, holder: null };
  }

  /** Stores what is not known to be stored; `era` as in {@link Chunk}. */
  addChunks({ tree, generation }: ThreadRow, era: number, chunks: readonly Chunk[]): void {
    const unsure = chunks.filter((chunk) => !chunk.isStored(tree, generation, era));
    // many at once are mostly there: one look is cheaper than to offer each with its bytes
    const hashes = unsure.length > MANY ? JSON.stringify(unsure.map(({ hash }) => hash)) : undefined;
    const present = new Set(hashes === undefined ? [] : this.statements.present.all(hashes, tree));
    for (const { hash, kind, bytes } of unsure) if (!present.has(hash)) this.statements.chunk.run(tree, hash, kind, bytes);
  }

  /** The id of the newest checkpoint of a line. */
  head(thread: ThreadRow, ns: string): string | null {
    return this.statements.head.get(thread.id, ns) ?? null;
  }

  setLease(thread: ThreadRow, { epoch, holder }: Lease): void {
    this.statements.lease.run(epoch, holder ?? null, thread.id);
  }

  chunks(tree: number, hashes: readonly string[]): StoredChunk[] {
    return this.statements.chunks.all(JSON.stringify(hashes), tree);
  }

  put(thread: ThreadRow, row: Omit<CheckpointRow, "thread">): void {
    this.statements.put.run(thread.id, row.ns, row.id, row.parent, row.root, row.delta, row.created, row.body);
  }

  /** The checkpoint, or the one that came last when `id` is empty. */
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
         WHERE thread.name = ? AND label IS NOT NULL ORDER BY sequence`,
      )
      .all(thread);
  }

  /** Newest first. */
  keys(query: KeyQuery): Key[] {
    const { thread, ns, id, before, after, limit } = query;
    const mark = thread === undefined || before === undefined ? undefined : this.mark(thread, [before.ns, ns, ""], before.id);
    const conditions = [
      thread === undefined ? "" : "thread = (SELECT id FROM thread WHERE name = @thread)",
      ns === undefined ? "" : "ns = @of",
      id === undefined ? "" : "checkpoint.id = @exact",
      before === undefined ? "" : mark === undefined ? "checkpoint.id < @id" : BEFORE,
      after === undefined ? "" : "sequence < @after",
    ].filter((condition) => condition !== "");
    return this.connection
      .prepare<[object], Key>(
        `SELECT thread.name AS thread, ns, checkpoint.id, sequence FROM checkpoint JOIN thread ON thread.id = checkpoint.thread
         ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
         ORDER BY sequence DESC LIMIT @limit`,
      )
      .all({ thread, of: ns, exact: id, id: before?.id, ...mark, after, limit });
  }

  /** Where a checkpoint stands, looked for in these namespaces. */
  private mark(thread: string, namespaces: readonly (string | undefined)[], id: string): { ns: string; sequence: number } | undefined {
    for (const ns of namespaces) {
      const found = ns === undefined ? undefined : this.statements.sequence.get(thread, ns, id);
      if (ns !== undefined && found !== undefined) return { ns, sequence: found };
    }
    return undefined;
  }
}

interface WriteKey extends WriteRow {
  readonly thread: number;
  readonly ns: string;
  readonly checkpoint: string;
}
