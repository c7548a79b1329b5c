import { AIMessage } from "@langchain/core/messages";
import { MessagesAnnotation, StateGraph, type BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import Sqlite from "better-sqlite3";
import { SqliteCheckpointer } from "../src/sqlite/index.js";

/** The two savers of the comparison. */
export type SaverKind = "ours" | "official";

/** Characters of each message. */
export const CHAT_TEXT = 500;
export const CHAT_THREAD = { configurable: { thread_id: "long" } };

/** A plain LangGraph graph: one node that answers. */
export function chatGraph(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("chat", ({ messages }) => ({
      messages: [new AIMessage({ content: `${messages.length} `.padEnd(CHAT_TEXT, "answer "), id: crypto.randomUUID() })],
    }))
    .addEdge("__start__", "chat")
    .compile({ checkpointer });
}

/** A saver on a connection that the benchmark can also use. */
export function openSaver(kind: SaverKind, file: string) {
  const connection = new Sqlite(file);
  const saver = kind === "ours" ? new SqliteCheckpointer(connection) : new SqliteSaver(connection);
  return {
    saver,
    /** Brings everything from the write-ahead log into the file. */
    checkpoint: () => void connection.pragma("wal_checkpoint(TRUNCATE)"),
    close: () => connection.close(),
  };
}
