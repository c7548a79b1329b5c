import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";

/** The answer given to a tool call that was never run. */
export const NOT_EXECUTED = "Not executed: the turn ended before this call.";

/**
 * A history every provider accepts: each tool call of an assistant message is answered by exactly one tool message directly
 * after it, in the order of the calls; answers to nothing are dropped. Idempotent; messages that are right are kept as they are.
 */
export function repairHistory(messages: readonly BaseMessage[], notExecuted: string = NOT_EXECUTED): BaseMessage[] {
  const repaired: BaseMessage[] = [];
  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index];
    if (message === undefined || ToolMessage.isInstance(message)) continue;
    repaired.push(message);
    if (!AIMessage.isInstance(message) || (message.tool_calls?.length ?? 0) === 0) continue;
    const answers = new Map<string, ToolMessage>();
    for (let next = messages[index + 1]; ToolMessage.isInstance(next); index += 1, next = messages[index + 1]) {
      if (!answers.has(next.tool_call_id)) answers.set(next.tool_call_id, next);
    }
    for (const call of message.tool_calls ?? []) {
      const id = call.id ?? "";
      repaired.push(
        answers.get(id) ??
          new ToolMessage({
            tool_call_id: id,
            name: call.name,
            status: "error",
            content: notExecuted,
            id: `${message.id ?? "message"}:${id}:not-executed`,
          }),
      );
    }
  }
  return repaired;
}

/** How much of the conversation before its turn an agent sees. */
export type HistoryView = "full" | "text" | "none" | ((messages: readonly BaseMessage[]) => readonly BaseMessage[]);

/**
 * The messages an agent's model is shown. `full`: everything, repaired. `text`: what was said, without tool calls and their
 * results. `none`: only what the user said last. A function may choose; its choice is repaired too.
 */
export function viewHistory(messages: readonly BaseMessage[], view: HistoryView): BaseMessage[] {
  if (typeof view === "function") return repairHistory(view(messages));
  if (view === "full") return repairHistory(messages);
  const spoken = messages.filter(
    (message) => !ToolMessage.isInstance(message) && !(AIMessage.isInstance(message) && (message.tool_calls?.length ?? 0) > 0),
  );
  if (view === "text") return spoken;
  const last = spoken.findLast((message) => message.getType() === "human");
  return last === undefined ? [] : [last];
}
