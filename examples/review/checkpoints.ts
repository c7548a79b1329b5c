import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteCheckpointer } from "phasegraph/sqlite";

/** Where reviews are kept. */
export interface Checkpoints {
  readonly saver: BaseCheckpointSaver;
  close(): void;
}

/**
 * Opens the SQLite file of the reviews, and makes it and its folder when there is none.
 * @throws StorageFailedError when the file is damaged, locked or of another program.
 */
export function openCheckpoints(file: string): Checkpoints {
  mkdirSync(dirname(file), { recursive: true });
  const saver = new SqliteCheckpointer(file);
  return { saver, close: () => saver.close() };
}
