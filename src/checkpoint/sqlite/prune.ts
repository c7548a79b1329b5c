import { expendable, type NamedBy, type RetentionRow, type RetentionRules } from "../retention.js";
import { WORK_KEYS } from "../../langgraph/inner-thread.js";
import { QUESTIONS } from "../../langgraph/question.js";
import { CHUNK_KIND, type StoredChunk } from "../chunks/chunk.js";
import { eachAddress, eachChild, type Entry } from "../chunks/entry.js";
import { bodyOf } from "../codec.js";
import type { CheckpointRow } from "../row.js";
import type { Connection } from "../../database/sqlite.js";

/** Deletes the checkpoints of one thread that the rules let go, with their writes; the chunks wait for a collection. In a transaction. */
export function pruneThread(connection: Connection, name: string, rules: RetentionRules, now: number): number {
  const thread = connection.prepare<[string], { id: number; tree: number }>("SELECT id, tree FROM thread WHERE name = ?").get(name);
  if (thread === undefined) return 0;
  const rows = connection
    .prepare<[number], Omit<RetentionRow, "hasInterrupt"> & { hasInterrupt: 0 | 1 }>(
      `SELECT ns, id, parent, root, delta, created, label, EXISTS (
         SELECT 1 FROM pending_write AS asked
         WHERE asked.thread = checkpoint.thread AND asked.ns = checkpoint.ns AND asked.checkpoint = checkpoint.id AND channel = '${QUESTIONS}'
       ) AS hasInterrupt FROM checkpoint WHERE thread = ? ORDER BY sequence`,
    )
    .all(thread.id)
    .map((row): RetentionRow => ({ ...row, hasInterrupt: row.hasInterrupt === 1 }));
  const going = expendable(rows, rules, now, namedIn(connection, thread));
  const remove = connection.prepare<[number, string, string]>("DELETE FROM checkpoint WHERE thread = ? AND ns = ? AND id = ?");
  const removeWrites = connection.prepare<[number, string, string]>(
    "DELETE FROM pending_write WHERE thread = ? AND ns = ? AND checkpoint = ?",
  );
  for (const { ns, id } of going) {
    remove.run(thread.id, ns, id);
    removeWrites.run(thread.id, ns, id);
  }
  // writes may stand before their checkpoint, so only those go that are older, by the time in their ids, than every one that is left
  const { changes } = connection
    .prepare(
      `DELETE FROM pending_write AS orphan WHERE thread = ?
         AND NOT EXISTS (SELECT 1 FROM checkpoint WHERE thread = orphan.thread AND ns = orphan.ns AND id = orphan.checkpoint)
         AND checkpoint < (SELECT min(id) FROM checkpoint WHERE thread = orphan.thread AND ns = orphan.ns)`,
    )
    .run(thread.id);
  if (going.length > 0 || changes > 0) connection.prepare("UPDATE tree SET has_garbage = 1 WHERE id = ?").run(thread.tree);
  return going.length;
}

/** LangGraph's ids of checkpoints are UUIDs. */
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Finds the ids, and the keys of work, in what checkpoints hold. What two of them share is read once, and counts for the first that was asked for. */
function namedIn(connection: Connection, { id: thread, tree }: { readonly id: number; readonly tree: number }): NamedBy {
  const body = connection.prepare<[number, string, string], CheckpointRow>(
    "SELECT body FROM checkpoint WHERE thread = ? AND ns = ? AND id = ?",
  );
  const writes = connection
    .prepare<[number, string, string], string>("SELECT value FROM pending_write WHERE thread = ? AND ns = ? AND checkpoint = ?")
    .pluck();
  const chunk = connection.prepare<[number, string], StoredChunk>("SELECT hash, kind, bytes FROM chunk WHERE tree = ? AND hash = ?");
  const visited = new Set<string>();
  return ({ ns, id }) => {
    const row = body.get(thread, ns, id);
    const written = writes.all(thread, ns, id);
    const texts = [row?.body ?? "", ...written];
    const left: string[] = [];
    const visit = (hash: string): void => {
      if (visited.has(hash)) return;
      visited.add(hash);
      left.push(hash);
    };
    if (row !== undefined) eachAddress(bodyOf(row).values, visit);
    for (const value of written) eachAddress(JSON.parse(value) as Entry, visit); // written by the codec
    for (let hash = left.pop(); hash !== undefined; hash = left.pop()) {
      const found = chunk.get(tree, hash);
      if (found === undefined) continue;
      if (found.kind === CHUNK_KIND.typed) return undefined; // a serializer of the user's: it may have encrypted it
      eachChild(found, visit);
      texts.push(decoder.decode(found.bytes));
    }
    return texts.flatMap((text) => [...(text.match(ID) ?? []), ...(text.match(WORK_KEYS) ?? [])]);
  };
}

const decoder = new TextDecoder();
