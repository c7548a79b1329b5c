import { expendable, type RetentionRow, type RetentionRules } from "../retention.js";
import { QUESTIONS } from "../../langgraph/question.js";
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
  const going = expendable(rows, rules, now);
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
