import { AIMessage } from "@langchain/core/messages";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { fakeModel } from "@langchain/core/testing";
import { tool } from "@langchain/core/tools";
import { Command, isInterrupted, MemorySaver } from "@langchain/langgraph";
import { agent, idempotencyKey, swarm, type ApprovalQuestion } from "phasegraph";
import { z } from "zod";

// #region approval
const refund = tool(({ amount }, config) => `Refunded ${amount} € (${idempotencyKey(config) === undefined ? "no key" : "once only"}).`, {
  name: "refund",
  description: "Pays money back.",
  schema: z.object({ amount: z.number() }),
});

export function refundDesk(model: BaseChatModel) {
  return swarm({ name: "refund-desk", agents: [agent({ id: "desk", model, tools: [refund], approval: ["refund"] })] });
}
// #endregion

const recorded = () =>
  fakeModel()
    .respondWithTools([{ name: "refund", args: { amount: 500 }, id: "call-1" }])
    .respond(new AIMessage("You get 50 € back."));

export const orchestration = refundDesk(recorded());

/** The tool runs only after a person saw the call; here with a smaller amount than the model asked for. */
export async function main(model: BaseChatModel = recorded()): Promise<string> {
  const graph = refundDesk(model).compile({ checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: "1" } };
  const parked = await graph.invoke({ messages: [{ role: "user", content: "It never arrived." }] }, config);
  if (!isInterrupted<ApprovalQuestion>(parked)) throw new Error("The refund was not shown to anybody.");
  const question = parked.__interrupt__[0]?.value;
  const decisions = question?.requests.map(({ id }) => ({ id, decision: "edit", args: { amount: 50 } }));
  const state = await graph.invoke(new Command({ resume: { nonce: question?.nonce, decisions } }), config);
  return state.messages.map((message) => message.text).join("\n");
}
