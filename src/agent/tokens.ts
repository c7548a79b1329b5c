import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { Tokens } from "./task.js";

/** What the models that wrote these messages say they used, all together; undefined where none says. */
export function tokensIn(messages: readonly BaseMessage[]): Tokens | undefined {
  const used = messages.flatMap((message) => (AIMessage.isInstance(message) ? (message.usage_metadata ?? []) : []));
  if (used.length === 0) return undefined;
  const sum = (key: keyof Tokens): number => used.reduce((total, usage) => total + usage[key], 0);
  return { input_tokens: sum("input_tokens"), output_tokens: sum("output_tokens"), total_tokens: sum("total_tokens") };
}
