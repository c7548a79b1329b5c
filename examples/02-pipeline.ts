import { MemorySaver } from "@langchain/langgraph";
import { agent, handoff, pipeline, type Turn } from "phasegraph";
import { z } from "zod";

// #region pipeline
type Case = { order: string };
const said = (turn: Turn<Case>): string => turn.messages.at(-1)?.text ?? "";

const intake = agent({
  id: "intake",
  run: (turn: Turn<Case>) => {
    const order = /#(\d+)/.exec(said(turn))?.[1];
    return order === undefined ? "Which order is it about?" : handoff("handling", { summary: `Order ${order}`, update: { order } });
  },
});

const handler = agent({
  id: "handler",
  run: (turn: Turn<Case>) =>
    said(turn).includes("another")
      ? handoff("intake", { reason: "it is about another order" })
      : `Order #${turn.state.order} is on its way again.`,
});

export const orchestration = pipeline({
  name: "support",
  state: { order: z.string().default("") },
  stages: [
    { phase: "intake", agent: intake, next: "handling" },
    { phase: "handling", agent: handler, canReturnTo: ["intake"] },
  ],
});
// #endregion

/** A customer's messages; returns, for each, who answered what. */
export async function main(): Promise<string> {
  orchestration.verify().assertOk();
  const graph = orchestration.compile({ checkpointer: new MemorySaver() });
  const lines: string[] = [];
  for (const content of ["My parcel is broken.", "It is #42.", "I mean another one.", "#43, sorry."]) {
    const state = await graph.invoke({ messages: [{ role: "user", content }] }, { configurable: { thread_id: "1" } });
    lines.push(`${content} → [${state.control.waiting.join()}] ${state.messages.at(-1)?.text}`);
  }
  return lines.join("\n");
}
