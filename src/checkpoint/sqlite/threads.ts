import { InvalidRequestError } from "../../base/errors.js";
import type { Connection } from "../../database/sqlite.js";
import { collectTree } from "./garbage.js";

/** The ids of all threads; with `before`, of those whose newest checkpoint is older. */
export function threadNames(connection: Connection, before?: number): string[] {
  const sql = "SELECT name FROM thread WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE thread = thread.id AND created >= ?) ORDER BY name";
  const rows =
    before === undefined
      ? connection.prepare<[], { name: string }>("SELECT name FROM thread ORDER BY name").all()
      : connection.prepare<[number], { name: string }>(sql).all(before);
  return rows.map((row) => row.name);
}

/** One thread, or all of them. */
export function threadRows(connection: Connection, name?: string): { readonly id: number; readonly tree: number }[] {
  const all = connection.prepare<[], { id: number; tree: number; name: string }>("SELECT id, tree, name FROM thread").all();
  return name === undefined ? all : all.filter((row) => row.name === name);
}

/** The trees that may hold chunks nobody names. */
export function treesWithGarbage(connection: Connection): number[] {
  return connection
    .prepare<[], { id: number }>("SELECT id FROM tree WHERE has_garbage = 1")
    .all()
    .map((row) => row.id);
}

/** Deletes a thread, and the chunks that no copy of it names. Call it inside a transaction. */
export function deleteThread(connection: Connection, name: string): void {
  const thread = connection.prepare<[string], { id: number; tree: number }>("SELECT id, tree FROM thread WHERE name = ?").get(name);
  if (thread === undefined) return;
  connection.prepare("DELETE FROM pending_write WHERE thread = ?").run(thread.id);
  connection.prepare("DELETE FROM checkpoint WHERE thread = ?").run(thread.id);
  connection.prepare("DELETE FROM thread WHERE id = ?").run(thread.id);
  if (connection.prepare("SELECT 1 FROM thread WHERE tree = ?").get(thread.tree) !== undefined) {
    collectTree(connection, thread.tree, Number.POSITIVE_INFINITY);
  } else {
    connection.prepare("DELETE FROM chunk WHERE tree = ?").run(thread.tree);
    connection.prepare("DELETE FROM tree WHERE id = ?").run(thread.tree);
  }
}

/**
 * Gives `target` every checkpoint, write and label of `source`. They share the chunks, so a copy costs its rows alone.
 * Call it inside a transaction.
 */
export function copyThread(connection: Connection, source: string, target: string): void {
  const from = connection.prepare<[string], { id: number; tree: number }>("SELECT id, tree FROM thread WHERE name = ?").get(source);
  if (from === undefined) throw new InvalidRequestError("copyThread", `there is no thread "${source}"`, "the id of a stored thread");
  if (connection.prepare("SELECT 1 FROM thread WHERE name = ?").get(target) !== undefined)
    throw new InvalidRequestError("copyThread", `there is a thread "${target}" already`, "an id that is not in use");
  const to = connection.prepare("INSERT INTO thread (name, tree) VALUES (?, ?)").run(target, from.tree).lastInsertRowid;
  connection
    .prepare(
      `INSERT INTO checkpoint (thread, ns, id, parent, root, delta, created, label, body)
       SELECT ?, ns, id, parent, root, delta, created, label, body FROM checkpoint WHERE thread = ? ORDER BY sequence`,
    )
    .run(to, from.id);
  connection
    .prepare(
      `INSERT INTO pending_write (thread, ns, checkpoint, path, task, position, channel, value)
       SELECT ?, ns, checkpoint, path, task, position, channel, value FROM pending_write WHERE thread = ?`,
    )
    .run(to, from.id);
}
