import { AIMessage, isBaseMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { Turn } from "../src/agent/agent.js";

/** Ids of what the graph was given, or would have been: the thread's messages and the hand-over note. */
export function knownIds(turn: Pick<Turn, "messages">, given: readonly BaseMessage[]): ReadonlySet<string> {
  return new Set([...turn.messages, ...given].flatMap((message) => (message.id === undefined ? [] : [message.id])));
}

/**
 * What a graph added to the conversation: what follows the last message it was given. Its instructions to its own model, and a
 * summary that it keeps in front of the rest or in place of it, are none.
 */
export function newMessages(all: readonly BaseMessage[], known: ReadonlySet<string>): BaseMessage[] {
  const given = all.findLastIndex((message) => message.id !== undefined && known.has(message.id));
  return all
    .slice(given + 1)
    .filter((message) => message.getType() !== "system" && message.additional_kwargs["lc_source"] !== "summarization");
}

/** Both, in order, each message once: a command that jumps out of a graph carries all, some or none of what was said before it. */
export function joined(before: readonly BaseMessage[], after: readonly BaseMessage[]): BaseMessage[] {
  const ids = new Set(after.flatMap((message) => (message.id === undefined ? [] : [message.id])));
  return [...before.filter((message) => !after.includes(message) && (message.id === undefined || !ids.has(message.id))), ...after];
}

/** With the results that are known of calls that have no answer yet. */
export function withResults(messages: readonly BaseMessage[], results: readonly ToolMessage[]): BaseMessage[] {
  const last = messages.findLast((message) => AIMessage.isInstance(message));
  const answered = new Set(messages.flatMap((message) => (ToolMessage.isInstance(message) ? [message.tool_call_id] : [])));
  const open = new Set((last?.tool_calls ?? []).flatMap((call) => (call.id === undefined || answered.has(call.id) ? [] : [call.id])));
  return [...messages, ...results.filter((result) => open.delete(result.tool_call_id))];
}

/** The `messages` of a graph's state, when it has any. */
export function messagesOf(values: unknown): BaseMessage[] {
  const messages: unknown = (values as { readonly messages?: unknown } | undefined)?.messages;
  return Array.isArray(messages) ? messages.filter((message) => isBaseMessage(message)) : [];
}

/** Gives the agent's name to answers that carry none, so that a model told apart by names knows who spoke. */
export function signed(messages: readonly BaseMessage[], name: string): BaseMessage[] {
  for (const message of messages) if (AIMessage.isInstance(message)) message.name ??= name;
  return [...messages];
}
