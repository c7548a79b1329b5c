import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { tool } from "@langchain/core/tools";
import { createAgent, createMiddleware } from "langchain";
import { agent, conversationLog, swarm } from "phasegraph";
import { z } from "zod";

const stock = tool(({ item }) => `${item}: 3 left.`, { name: "stock", description: "Counts.", schema: z.object({ item: z.string() }) });

// #region create-agent
/** An agent as it is, with middleware of its own: it has never heard of a team. */
const shopkeeper = (model: BaseChatModel, log: (line: string) => void) =>
  createAgent({
    model,
    tools: [stock],
    systemPrompt: "You sell things. Refunds are not your business.",
    middleware: [
      createMiddleware({
        name: "ledger",
        wrapToolCall: (request, next) => {
          log(`called ${request.toolCall.name}`);
          return next(request);
        },
      }),
    ],
  });

export function shop(model: BaseChatModel, log: (line: string) => void = () => undefined) {
  const sales = agent({ id: "sales", description: "Sells things", graph: shopkeeper(model, log) });
  const refunds = agent({ id: "refunds", description: "Pays money back", run: (turn) => `Refund noted: ${turn.handover?.summary}.` });
  return swarm({ name: "shop", agents: [sales, refunds] });
}
// #endregion

/** What a model might answer: a call of the agent's tool and a handoff at once; the tool runs, then the work goes over. */
const recorded = () =>
  fakeModel().respond(
    new AIMessage({
      content: "Let me look.",
      tool_calls: [
        { type: "tool_call", name: "stock", args: { item: "lamp" }, id: "1" },
        { type: "tool_call", name: "handoff", args: { target: "refunds", reason: "it is a refund", summary: "one broken lamp" }, id: "2" },
      ],
    }),
  );

export const orchestration = shop(recorded());

export async function main(model: BaseChatModel = recorded()): Promise<string> {
  const lines: string[] = [];
  const graph = shop(model, (line) => lines.push(line)).compile();
  const state = await graph.invoke({ messages: [{ role: "user", content: "My lamp is broken. Do you have another?" }] });
  lines.push(...conversationLog(state.messages).map((entry) => `${entry.author} (${entry.type}): ${entry.content}`));
  return lines.join("\n");
}
