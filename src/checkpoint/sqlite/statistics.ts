import { eachAddress, eachChild, type Entry } from "../chunks/entry.js";
import type { StoredChunk } from "../chunks/chunk.js";
import { bodyOf } from "../codec.js";
import type { CheckpointRow } from "../row.js";
import type { Connection } from "../../database/sqlite.js";

/** What a thread, or a file, holds. Bytes are of content, without what SQLite adds. */
export interface StorageStatistics {
  readonly threads: number;
  readonly checkpoints: number;
  readonly writes: number;
  readonly chunks: number;
  /** Bytes that are stored: rows, and every chunk once, also when threads that were copied from each other share it. */
  readonly bytes: number;
  /** Bytes if every checkpoint and write held its own copy of everything it names. */
  readonly bytesUnshared: number;
  /** The part that sharing saves, from 0 to 1. */
  readonly sharedRatio: number;
}

interface Sums {
  checkpoints: number;
  writes: number;
  rowBytes: number;
  readonly chunks: Map<string, { readonly own: number; total: number }>;
  unshared: number;
}

/** Measures some threads; reads every row and node of theirs. Call it inside a transaction. */
export function statistics(connection: Connection, threads: readonly { readonly id: number; readonly tree: number }[]): StorageStatistics {
  let sum = { checkpoints: 0, writes: 0, chunks: 0, bytes: 0, bytesUnshared: 0 };
  for (const tree of new Set(threads.map((thread) => thread.tree))) {
    const sums: Sums = { checkpoints: 0, writes: 0, rowBytes: 0, chunks: new Map(), unshared: 0 };
    for (const { id } of threads.filter((thread) => thread.tree === tree)) measureThread(connection, tree, id, sums);
    const chunkBytes = [...sums.chunks.values()].reduce((total, chunk) => total + chunk.own, 0);
    sum = {
      checkpoints: sum.checkpoints + sums.checkpoints,
      writes: sum.writes + sums.writes,
      chunks: sum.chunks + sums.chunks.size,
      bytes: sum.bytes + sums.rowBytes + chunkBytes,
      bytesUnshared: sum.bytesUnshared + sums.rowBytes + sums.unshared,
    };
  }
  const sharedRatio = sum.bytesUnshared === 0 ? 0 : 1 - sum.bytes / sum.bytesUnshared;
  return { threads: threads.length, ...sum, sharedRatio };
}

function measureThread(connection: Connection, tree: number, thread: number, sums: Sums): void {
  const chunk = connection.prepare<[number, string], StoredChunk>("SELECT hash, kind, bytes FROM chunk WHERE tree = ? AND hash = ?");
  const total = (hash: string): number => {
    const known = sums.chunks.get(hash);
    if (known !== undefined) return known.total;
    const stored = chunk.get(tree, hash);
    if (stored === undefined) return 0;
    const measured = { own: stored.bytes.length, total: stored.bytes.length };
    sums.chunks.set(hash, measured);
    eachChild(stored, (child) => void (measured.total += total(child)));
    return measured.total;
  };
  const add = (entry: Entry): void => eachAddress(entry, (hash) => void (sums.unshared += total(hash)));
  for (const row of connection.prepare<[number], CheckpointRow>("SELECT body FROM checkpoint WHERE thread = ?").all(thread)) {
    sums.checkpoints += 1;
    sums.rowBytes += row.body.length;
    const { values, versions, seen, metadata } = bodyOf(row);
    for (const entry of [values, versions, seen, metadata]) add(entry);
  }
  for (const { value } of connection.prepare<[number], { value: string }>("SELECT value FROM pending_write WHERE thread = ?").all(thread)) {
    sums.writes += 1;
    sums.rowBytes += value.length;
    add(JSON.parse(value) as Entry); // written by the codec
  }
}
