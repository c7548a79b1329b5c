import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

/** Where reviews are kept. */
export interface Checkpoints {
  readonly saver: BaseCheckpointSaver;
  close(): void;
}

/** Opens the SQLite file of the reviews, and makes it and its folder when there is none. @throws Error when it cannot. */
export function openCheckpoints(file: string): Checkpoints {
  mkdirSync(dirname(file), { recursive: true });
  const saver = SqliteSaver.fromConnString(file);
  saver.db.pragma("busy_timeout = 5000"); // also fails here, and not in the middle, when the file is no database
  return { saver, close: () => saver.db.close() };
}
