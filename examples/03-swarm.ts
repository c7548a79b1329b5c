import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { agent, conversationLog, swarm } from "phasegraph";
import { z } from "zod";

const flights = tool(({ to }) => `Two seats to ${to} on Friday, 120 € each.`, {
  name: "find_flights",
  description: "Finds flights.",
  schema: z.object({ to: z.string() }),
});

/** Two agents that hand the conversation to each other; with a real model, pass it in. */
export function travelDesk(model: BaseChatModel) {
  return swarm({
    name: "travel-desk",
    agents: [
      agent({
        id: "concierge",
        description: "Talks with the customer",
        model,
        prompt: "You are a concierge. Hand travel questions to travel.",
      }),
      agent({ id: "travel", description: "Finds flights", model, prompt: "You find flights.", tools: [flights] }),
    ],
  });
}

/** What a model might answer: a handoff, a tool call, an answer; then the next message reaches the same agent. */
const recorded = () =>
  fakeModel()
    .respondWithTools([{ name: "handoff", args: { target: "travel", reason: "flights", summary: "wants to go to Oslo" }, id: "1" }])
    .respondWithTools([{ name: "find_flights", args: { to: "Oslo" }, id: "2" }])
    .respond(new AIMessage("Friday, 120 € each. Shall I book?"))
    .respond(new AIMessage("Booked."));

export const orchestration = travelDesk(recorded());

export async function main(model: BaseChatModel = recorded()): Promise<string> {
  const graph = travelDesk(model).compile({ checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: "1" } };
  await graph.invoke({ messages: [{ role: "user", content: "Two seats to Oslo, please." }] }, config);
  const state = await graph.invoke({ messages: [{ role: "user", content: "Yes." }] }, config);
  return conversationLog(state.messages)
    .map((entry) => `${entry.author} → ${entry.recipient} (${entry.type}): ${entry.content}`)
    .join("\n");
}
