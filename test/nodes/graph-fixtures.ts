import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import { tool } from "@langchain/core/tools";
import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
import { z } from "zod";

/** The answer of a model that calls tools. */
export const calls = (...made: readonly (readonly [name: string, args: Record<string, unknown>, id: string])[]): AIMessage =>
  new AIMessage({ content: "", tool_calls: made.map(([name, args, id]): ToolCall => ({ type: "tool_call", name, args, id })) });

/** The call of our handoff tool. */
export const handsOff = (target: string, id = `handoff-${target}`) =>
  ["handoff", { target, reason: "because", summary: `for ${target}` }, id] as const;

/** A tool that tells how often it ran. */
export function countingTool(name = "count") {
  let runs = 0;
  const made = tool(() => `run ${(runs += 1)}`, { name, description: "Counts.", schema: z.object({}) });
  return { tool: made, runs: () => runs };
}

/** A graph of one node that answers with what the function says. */
export const answering = (answer: (messages: readonly BaseMessage[]) => string | Promise<string>) =>
  new StateGraph(MessagesAnnotation)
    .addNode("speak", async ({ messages }) => ({ messages: [new AIMessage(await answer(messages))] }))
    .addEdge("__start__", "speak")
    .addEdge("speak", "__end__")
    .compile();

export const ask = (content: string) => ({ messages: [{ role: "user", content }] });
export const thread = (thread_id: string) => ({ configurable: { thread_id } });
export const texts = (state: { readonly messages: readonly BaseMessage[] }): string[] => state.messages.map((message) => message.text);
