import type { StoredChunk } from "../chunks/chunk.js";
import { eachAddress, eachChild, type Entry } from "../chunks/entry.js";
import { bodyOf } from "../codec.js";
import type { CheckpointRow } from "../row.js";
import type { Connection } from "../../database/sqlite.js";

/** What one collection did. */
export interface Collected {
  readonly chunks: number;
  /** False when there is more to delete; call again. */
  readonly isDone: boolean;
}

/**
 * Deletes chunks of a tree that no checkpoint and no write names, at most `limit` of them. Call it inside a transaction: whoever writes
 * after it sees another generation, and stores again what it believed to be there.
 */
export function collectTree(connection: Connection, tree: number, limit: number): Collected {
  const live = liveChunks(connection, tree);
  const dead: number[] = [];
  let isDone = true;
  for (const { id, hash } of connection
    .prepare<[number], { id: number; hash: string }>("SELECT id, hash FROM chunk WHERE tree = ?")
    .iterate(tree)) {
    if (live.has(hash)) continue;
    if (dead.length >= limit) {
      isDone = false;
      break;
    }
    dead.push(id);
  }
  if (dead.length > 0) connection.prepare("UPDATE tree SET generation = generation + 1 WHERE id = ?").run(tree);
  connection.prepare("DELETE FROM chunk WHERE id IN (SELECT value FROM json_each(?))").run(JSON.stringify(dead));
  connection.prepare("UPDATE tree SET has_garbage = ? WHERE id = ?").run(isDone ? 0 : 1, tree);
  return { chunks: dead.length, isDone };
}

/** Every address that can be reached from a checkpoint or a write of the tree's threads. */
export function liveChunks(connection: Connection, tree: number): Set<string> {
  const live = new Set<string>();
  const left: string[] = [];
  const visit = (hash: string): void => {
    if (live.has(hash)) return;
    live.add(hash);
    left.push(hash);
  };
  for (const entry of rootEntries(connection, tree)) eachAddress(entry, visit);
  const node = connection.prepare<[number, string], StoredChunk>(
    "SELECT hash, kind, bytes FROM chunk WHERE tree = ? AND hash = ? AND kind >= 2", // below are leaves
  );
  for (let hash = left.pop(); hash !== undefined; hash = left.pop()) {
    const chunk = node.get(tree, hash);
    if (chunk !== undefined) eachChild(chunk, visit);
  }
  return live;
}

function* rootEntries(connection: Connection, tree: number): Generator<Entry> {
  const ofTree = "thread IN (SELECT id FROM thread WHERE tree = ?)";
  for (const row of connection.prepare<[number], CheckpointRow>(`SELECT body FROM checkpoint WHERE ${ofTree}`).iterate(tree)) {
    const { values, versions, seen, metadata } = bodyOf(row);
    yield* [values, versions, seen, metadata];
  }
  const writes = connection.prepare<[number], { value: string }>(`SELECT value FROM pending_write WHERE ${ofTree}`);
  for (const { value } of writes.iterate(tree)) yield JSON.parse(value) as Entry; // written by the codec
}
