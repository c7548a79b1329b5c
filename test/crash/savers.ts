import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";

type ClosableSaver = BaseCheckpointSaver & { close(): void };

/** The savers that the crash test runs on, by name. */
export const SAVERS: Readonly<Record<string, (file: string) => ClosableSaver>> = {
  official: (file) => {
    const saver = SqliteSaver.fromConnString(file);
    return Object.assign(saver, { close: () => saver.db.close() });
  },
  phasegraph: (file) => new SqliteCheckpointer(file),
};

export function openSaver(kind: string, file: string): ClosableSaver {
  const open = SAVERS[kind];
  if (open === undefined) throw new Error(`No saver "${kind}"; there are ${Object.keys(SAVERS).join(", ")}.`);
  return open(file);
}
