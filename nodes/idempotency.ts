import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { sha256 } from "@langchain/core/utils/hash";
import { getCurrentTaskInput } from "@langchain/langgraph";
import type { Turn } from "../src/agent/agent.js";
import { threadOf } from "../src/langgraph/config.js";
import { lastingNamespace, namespaceOf } from "../src/langgraph/namespace.js";
import { passenger } from "../src/langgraph/passenger.js";
import { messagesOf } from "./graph-messages.js";
import { TURN } from "./handoff-middleware.js";

/** A tool call, and the id of the message that asked for it. */
interface Asked {
  readonly id: string;
  readonly askedBy: string;
}

/** The call that a tool of a built-in turn carries out. */
const CALL = passenger<{ readonly key: string }>("call");

/**
 * A key that is the same for ever for this very tool call, however often it is run again (resumed, retried, replayed, in another
 * process), and different for every other: hand it to services that accept one, because a tool may run twice when a process dies
 * between its effect and the storing of its result. 64 hex digits, made of the thread, the place in the orchestration, the stored
 * message that asked for the call, and the call's id. In tools of model agents, and of `createAgent` agents and other graphs that
 * run their tools with a `ToolNode`; undefined elsewhere.
 */
export function idempotencyKey(config: RunnableConfig): string | undefined {
  const call = CALL.of(config);
  if (call !== undefined) return call.key;
  const turn = TURN.of(config);
  const asked = turn === undefined ? undefined : askedIn(config);
  return turn === undefined || asked === undefined ? undefined : keyOf(turn, asked);
}

/** What a tool of a built-in turn is run with: its own call, and nothing of a graph around. */
export const withCall = (turn: Turn, asked: Asked): Readonly<Record<string, unknown>> => ({
  ...CALL.as({ key: keyOf(turn, asked) }),
  ...TURN.as(undefined),
});

/** What a graph is run with in a turn: nothing of a call around. */
export const withTurn = (turn: Turn): Readonly<Record<string, unknown>> => ({ ...TURN.as(turn), ...CALL.as(undefined) });

function keyOf(turn: Turn, { id, askedBy }: Asked): string {
  const place = [lastingNamespace(namespaceOf(turn.config)), turn.phase, turn.task?.id ?? ""];
  return sha256(JSON.stringify([String(threadOf(turn.config) ?? ""), ...place, askedBy, id]));
}

/** The call that LangChain says a tool is run for, and who asked for it: the newest message with a call of that id. */
function askedIn(config: RunnableConfig): Asked | undefined {
  const { toolCall, toolCallId = toolCall?.id } = config as { readonly toolCall?: { readonly id?: string }; readonly toolCallId?: string }; // LangChain's own fields
  if (toolCallId === undefined) return undefined;
  const makes = (message: BaseMessage): boolean =>
    AIMessage.isInstance(message) && message.tool_calls?.some(({ id }) => id === toolCallId) === true;
  const askedBy = messagesAround(config).findLast(makes)?.id;
  return askedBy === undefined ? undefined : { id: toolCallId, askedBy };
}

/** The messages that the node around was given. */
function messagesAround(config: RunnableConfig): BaseMessage[] {
  try {
    return messagesOf(getCurrentTaskInput(config));
  } catch {
    return []; // not in a node of a graph
  }
}
