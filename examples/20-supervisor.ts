import { AIMessage } from "@langchain/core/messages";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { fakeModel } from "@langchain/core/testing";
import { agent, supervisor } from "phasegraph";

// #region supervisor
export function desk(model: BaseChatModel) {
  return supervisor({
    name: "desk",
    supervisor: agent({ id: "boss", model, prompt: "You lead a team. Delegate, then answer the user." }),
    workers: [
      agent({ id: "stock", description: "Knows what is in the warehouse", run: () => "Three chairs are left." }),
      agent({ id: "prices", description: "Knows what things cost", run: () => "A chair is 40 €." }),
    ],
  });
}
// #endregion

const recorded = () =>
  fakeModel()
    .respondWithTools([
      { name: "delegate_to_stock", args: { task: "How many chairs are there?" }, id: "call-1" },
      { name: "delegate_to_prices", args: { task: "What does a chair cost?" }, id: "call-2" },
    ])
    .respond(new AIMessage("Three are left, for 40 € each."));

export const orchestration = desk(recorded());

/** The supervisor asks two workers at once, and answers with what they know. */
export async function main(model: BaseChatModel = recorded()): Promise<string> {
  const { messages } = await desk(model)
    .compile()
    .invoke({ messages: [{ role: "user", content: "Can I have a chair?" }] });
  return messages.map((message) => `${message.name ?? "user"}: ${message.text}`).join("\n");
}
