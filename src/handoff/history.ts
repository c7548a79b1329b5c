import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { InvalidToolCall, ToolCall } from "@langchain/core/messages/tool";
import { callable, either, oneOf, type Rule } from "../base/form.js";

/** The answer given to a tool call that was never run. */
export const NOT_EXECUTED = "Not executed: the turn ended before this call.";

/**
 * A history every provider accepts: each tool call of an assistant message is answered by exactly one tool message directly
 * after it, in the order of the calls. An answer that stands further down is moved to its call, and answers to nothing are
 * dropped. Calls of one message that share an id, or have none, get ids of their own. Idempotent; messages that are right are
 * kept as they are.
 */
export function repairHistory(messages: readonly BaseMessage[], notExecuted: string = NOT_EXECUTED): BaseMessage[] {
  if (isAccepted(messages)) return [...messages];
  const repaired: Entry[] = [];
  const latest = new Map<string, Slot[]>();
  for (const message of messages) {
    if (ToolMessage.isInstance(message)) {
      const slot = latest.get(message.tool_call_id)?.find((open) => open.answer === undefined);
      if (slot !== undefined) slot.answer = message;
      continue;
    }
    const entry = entryOf(message);
    for (const asked of new Set(entry.slots.map((slot) => slot.asked)))
      latest.set(
        asked,
        entry.slots.filter((slot) => slot.asked === asked),
      );
    repaired.push(entry);
  }
  return repaired.flatMap(({ message, slots }) => [message, ...slots.map((slot) => answerOf(message, slot, notExecuted))]);
}

/** True when nothing has to be repaired: what nearly every turn finds, at the cost of one look at each message. */
function isAccepted(messages: readonly BaseMessage[]): boolean {
  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index];
    if (ToolMessage.isInstance(message)) return false; // those that are in place are passed below
    if (!AIMessage.isInstance(message)) continue;
    const { tool_calls: calls = [], additional_kwargs } = message;
    if (calls.length === 0 && additional_kwargs["tool_calls"] !== undefined) return false;
    const ids = new Set(calls.map((call) => call.id ?? ""));
    if (ids.size < calls.length || ids.has("")) return false;
    for (const id of ids) {
      const answer = messages[(index += 1)];
      if (!ToolMessage.isInstance(answer) || answer.tool_call_id !== id) return false;
    }
  }
  return true;
}

/** A message that is no answer, and the answers its calls need. */
interface Entry {
  readonly message: BaseMessage;
  readonly slots: readonly Slot[];
}

interface Slot {
  readonly name: string;
  /** The id under which the call was made, empty when it had none. */
  readonly asked: string;
  /** The id that the call has in the repaired history. */
  readonly id: string;
  answer?: ToolMessage;
}

function entryOf(message: BaseMessage): Entry {
  if (!AIMessage.isInstance(message)) return { message, slots: [] };
  const raw = message.additional_kwargs["tool_calls"] !== undefined;
  const calls = message.tool_calls ?? [];
  // with no readable call, OpenAI's converter sends the raw ones, which nobody answered
  const made = raw && calls.length === 0 ? (message.invalid_tool_calls ?? []).map(unreadable) : calls;
  const taken = new Set<string>();
  const slots = made.map(({ name, id: asked = "" }): Slot => ({ name, asked, id: ownId(asked, taken) }));
  const isRight = made === calls && slots.every((slot) => slot.id === slot.asked);
  return { message: isRight ? message : withCalls(message, made, slots), slots };
}

const unreadable = ({ name = "unknown", id }: InvalidToolCall): ToolCall => ({ name, args: {}, ...(id === undefined ? {} : { id }) });

/** Providers take letters, digits, `_` and `-`, at most 40. */
function ownId(asked: string, taken: Set<string>): string {
  let id = asked;
  for (let count = 1; id === "" || taken.has(id); count += 1) id = `${asked.slice(0, 32) || "call"}_${count}`;
  taken.add(id);
  return id;
}

function withCalls(message: AIMessage, calls: readonly ToolCall[], slots: readonly Slot[]): AIMessage {
  const { content, id, name, response_metadata, usage_metadata, invalid_tool_calls } = message;
  const { tool_calls: _raw, ...additional_kwargs } = message.additional_kwargs;
  return new AIMessage({
    content,
    additional_kwargs,
    response_metadata,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(usage_metadata === undefined ? {} : { usage_metadata }),
    ...(invalid_tool_calls === undefined ? {} : { invalid_tool_calls }),
    tool_calls: calls.map(({ name: tool, args }, index) => ({ type: "tool_call", name: tool, args, id: slots[index]?.id ?? "" })),
  });
}

function answerOf(caller: BaseMessage, { name, asked, id, answer }: Slot, notExecuted: string): ToolMessage {
  if (answer === undefined) {
    const own = caller.id === undefined ? {} : { id: `${caller.id}:${id}:not-executed` };
    return new ToolMessage({ tool_call_id: id, name, status: "error", content: notExecuted, ...own });
  }
  if (id === asked) return answer;
  const { content, additional_kwargs, response_metadata, status, artifact, metadata } = answer;
  return new ToolMessage({
    tool_call_id: id,
    content,
    additional_kwargs,
    response_metadata,
    ...(answer.id === undefined ? {} : { id: answer.id }),
    ...(answer.name === undefined ? {} : { name: answer.name }),
    ...(status === undefined ? {} : { status }),
    ...(artifact === undefined ? {} : { artifact: artifact as unknown }),
    ...(metadata === undefined ? {} : { metadata }),
  });
}

/** How much of the conversation before its turn an agent sees. */
export type HistoryView = "full" | "text" | "none" | ((messages: readonly BaseMessage[]) => readonly BaseMessage[]);

export const HISTORY: Rule = either((value) => typeof value === "function", callable, oneOf("full", "text", "none"));

/** Blocks of content that can be seen or heard, whoever made them. */
export const MEDIA: ReadonlySet<string> = new Set(["image", "image_url", "audio", "input_audio", "video", "file", "media"]);

/** The message without its tool calls; nothing when that leaves nothing. */
export function spokenOf(message: BaseMessage): BaseMessage[] {
  if (ToolMessage.isInstance(message)) return [];
  if (!AIMessage.isInstance(message) || (message.tool_calls?.length ?? 0) === 0) return [message];
  const { text, id, name } = message;
  const shown = typeof message.content === "string" ? [] : message.content.filter(({ type }) => MEDIA.has(type));
  const content = shown.length === 0 ? text : [...(text.trim() === "" ? [] : [{ type: "text" as const, text }]), ...shown];
  if (content === text && text.trim() === "") return [];
  return [new AIMessage({ content, ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) })];
}
