import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tool } from "@langchain/core/tools";
import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { idempotencyKey } from "../../index.js";
import { SqliteCheckpointer } from "../../src/sqlite/index.js";
import { callTool, type ModelStep, type ModelRequest } from "../../testing/index.js";

/** A user's message. */
export const user = (content: string) => ({ messages: [{ role: "user", content }] });

export const thread = (id = "1") => ({ configurable: { thread_id: id } });

/** A model that reads what is there before it acts: it pays back what was not paid back yet. */
export const sensible = ({ messages }: ModelRequest): ReturnType<typeof callTool> | string =>
  messages.some((message) => message.getType() === "tool" && message.text.startsWith("refunded"))
    ? "It is refunded."
    : callTool("refund", { order: "A1" });

export const overloaded: ModelStep = new Error("529 overloaded, key sk-secret");

/** A tool with an effect, and what it has done. */
export function refunding() {
  const keys: (string | undefined)[] = [];
  const refund = tool(
    ({ order }: { order: string }, config) => {
      keys.push(idempotencyKey(config));
      return `refunded ${order}`;
    },
    { name: "refund", description: "Pays back.", schema: z.object({ order: z.string() }) },
  );
  return { refund, keys };
}

/** The savers everything has to hold on; each new, and closed after the test. */
export const SAVERS: Readonly<Record<string, () => BaseCheckpointSaver>> = {
  MemorySaver: () => new MemorySaver(),
  SqliteCheckpointer: () => {
    const folder = mkdtempSync(join(tmpdir(), "phasegraph-"));
    const saver = new SqliteCheckpointer(join(folder, "threads.db"));
    onTestFinished(() => {
      saver.close();
      rmSync(folder, { recursive: true });
    });
    return saver;
  },
  SqliteSaver: () => SqliteSaver.fromConnString(":memory:"),
};

export const DURABILITIES = ["sync", "async", "exit"] as const;

/** The kinds of a conversation's messages, a letter each: h(uman), a(i), t(ool). */
export const shape = (state: { readonly messages: readonly { getType(): string }[] }): string =>
  state.messages.map((message) => message.getType().slice(0, 1)).join("");
