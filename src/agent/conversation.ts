import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { each, either, maybe, oneOf, requireForm, shape, text } from "../base/form.js";

/** What kind of message it is, for filters and logs. `output`: structured output as JSON, which its model needs and nobody reads. */
export type MessageType = "chat" | "handoff" | "tool" | "system" | "output";

/** Who wrote a message, for whom, in which phase. Kept in `additional_kwargs.phasegraph`, which no provider is sent. */
export interface MessageRecord {
  readonly author: string;
  readonly recipient: string;
  readonly type: MessageType;
  readonly phase?: string;
}

/** One line of the flat log of a conversation. */
export interface LogEntry extends MessageRecord {
  readonly id: string | undefined;
  readonly content: string;
}

/** Which lines of the log to keep; all conditions must hold. */
export interface LogFilter {
  readonly agent?: string;
  readonly type?: MessageType | readonly MessageType[];
  readonly phase?: string;
}

const TYPE = oneOf("chat", "handoff", "tool", "system", "output");
const FILTER = shape<LogFilter>({ agent: maybe(text), type: maybe(either(Array.isArray, each(TYPE), TYPE)), phase: maybe(text) });

const KEY = "phasegraph";

/** The author of messages that a client put into a thread as those of an assistant or a tool. No agent can be called so. */
export const CLIENT = "(client)";

/** The handoff tool's name, also in histories written by other agents of the team. */
export const HANDOFF_TOOL = "handoff";

/** Stamps a new message, in place, before it is first stored; a message that already has a record keeps it. */
export function recordMessage<M extends BaseMessage>(message: M, record: MessageRecord): M {
  const known: Partial<MessageRecord> = readRecord(message) ?? {};
  if (known.author === undefined) message.additional_kwargs = { ...message.additional_kwargs, [KEY]: { ...record, ...known } };
  return message;
}

/** Marks a fresh message, in place, as structured output; who wrote it is recorded later. */
export function markOutput<M extends BaseMessage>(message: M): M {
  message.additional_kwargs = { ...message.additional_kwargs, [KEY]: { type: "output" satisfies MessageType } };
  return message;
}

/** True for structured output. */
export const isOutput = (message: BaseMessage): boolean => readRecord(message)?.type === "output";

/** Takes the record off a fresh message whose word for it is not to be trusted, in place. */
export function withoutRecord<M extends BaseMessage>(message: M): M {
  if (readRecord(message) === undefined) return message;
  const { [KEY]: _claimed, ...rest } = message.additional_kwargs;
  message.additional_kwargs = rest;
  return message;
}

/** The record of a message, or undefined when it was written elsewhere. */
export function readRecord(message: BaseMessage): MessageRecord | undefined {
  return message.additional_kwargs?.[KEY] as MessageRecord | undefined; // written only by recordMessage
}

/** The type an unstamped message of an agent has. */
export function messageType(message: BaseMessage): MessageType {
  if (isOutput(message)) return "output";
  if (ToolMessage.isInstance(message)) return message.name === HANDOFF_TOOL ? "handoff" : "tool";
  if (AIMessage.isInstance(message) && (message.tool_calls?.length ?? 0) > 0) {
    return message.tool_calls?.every((call) => call.name === HANDOFF_TOOL) === true ? "handoff" : "tool";
  }
  return message.getType() === "system" ? "system" : "chat";
}

/**
 * The conversation as a flat log. A user's message is addressed to the agent that answered it (`"team"` while nobody has).
 */
export function conversationLog(messages: readonly BaseMessage[], filter: LogFilter = {}): LogEntry[] {
  requireForm("The filter of conversationLog()", filter, FILTER);
  let answeredBy = "team";
  const entries: LogEntry[] = [];
  for (const message of [...messages].reverse()) {
    const known = readRecord(message);
    const author = known?.author ?? (message.getType() === "human" ? "user" : (message.name ?? message.getType()));
    const entry: LogEntry = {
      id: message.id,
      author,
      recipient: author === "user" ? answeredBy : (known?.recipient ?? "user"),
      type: known?.type ?? messageType(message),
      ...(known?.phase === undefined ? {} : { phase: known.phase }),
      content: message.text,
    };
    if (author !== "user") answeredBy = author;
    entries.push(entry);
  }
  const types = filter.type === undefined ? undefined : [filter.type].flat();
  return entries
    .reverse()
    .filter(
      (entry) =>
        (filter.agent === undefined || entry.author === filter.agent || entry.recipient === filter.agent) &&
        (types === undefined || types.includes(entry.type)) &&
        (filter.phase === undefined || entry.phase === filter.phase),
    );
}
