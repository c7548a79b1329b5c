import { BaseMessage, coerceMessageLikeToMessage, RemoveMessage, type BaseMessageLike } from "@langchain/core/messages";
import type { Clock } from "../base/clock.js";
import { messageCopy, messageWithId } from "../langgraph/message.js";
import { withContent } from "./ui-message.js";
import { frozenCopy, isPlainObject, jsonIssue } from "../base/json.js";

/** Characters of one message, content and extras together; a larger one is refused. */
export const MAX_MESSAGE_SIZE = 67_108_864;

/** Messages of the kernel's own making: nobody can change them, so they are handed out as they are. */
const owned = new WeakSet<BaseMessage>();

/** The parts of a message that are data. */
const DATA = [
  "content",
  "additional_kwargs",
  "response_metadata",
  "tool_calls",
  "invalid_tool_calls",
  "usage_metadata",
  "artifact",
  "metadata",
] as const;

type Parts = Record<string, unknown>;

/**
 * A message that belongs to the thread alone: a copy that nobody can change, however long somebody else keeps the one it was made
 * from. `prepare` may still write to the copy, to give it an id or a record.
 */
export function ownMessage(message: BaseMessage, prepare?: (copy: BaseMessage) => void): BaseMessage {
  if (owned.has(message) && prepare === undefined) return message;
  const copy = messageCopy(message);
  prepare?.(copy);
  const parts = copy as unknown as Parts; // written by name
  for (const part of DATA) if (part in parts) parts[part] = frozenCopy(parts[part]);
  owned.add(copy);
  return Object.freeze(copy);
}

/** Gives a message that has none an id, in place. */
export function identify<M extends BaseMessage>(message: M, clock: Clock): M {
  return message.id === undefined ? messageWithId(message, clock.id()) : message;
}

/**
 * A message of any form that LangChain knows, as an object.
 * @throws Error that says what is wrong with it: stored, it would fail every later step of its thread.
 */
export function readMessage(given: unknown): BaseMessage {
  if (isPlainObject(given) && given["role"] === "remove") return new RemoveMessage({ id: String(given["id"]) });
  const message = coerceMessageLikeToMessage(withContent(given) as BaseMessageLike); // which it finds out itself
  const issue = owned.has(message) ? undefined : messageIssue(message);
  if (issue !== undefined) throw new TypeError(issue);
  return message;
}

/** What is wrong with a message that is to be stored; undefined when nothing is. */
export function messageIssue(message: BaseMessage): string | undefined {
  const { content, id, name, tool_calls: calls, tool_call_id: answers } = message as BaseMessage & Parts;
  if (typeof content !== "string" && !(Array.isArray(content) && content.every(isBlock)))
    return "its content is neither a text nor a list of content blocks, each with its type";
  for (const [key, value] of Object.entries({ id, name, tool_call_id: answers }))
    if (value !== undefined && value !== null && typeof value !== "string") return `its ${key} is no text`;
  if (calls !== undefined && !(Array.isArray(calls) && calls.every(isCall)))
    return "its tool_calls are no list of calls, each with a name and args";
  for (const part of DATA) {
    const issue = jsonIssue((message as unknown as Parts)[part], MAX_MESSAGE_SIZE); // read by name
    if (issue !== undefined) return `its ${part} ${issue}`;
  }
  return undefined;
}

const isBlock = (block: unknown): boolean => isPlainObject(block) && typeof block["type"] === "string";
const isCall = (call: unknown): boolean => isPlainObject(call) && typeof call["name"] === "string" && isPlainObject(call["args"]);

/** Parts that providers hang on a message beside what it says. */
const EXTRAS = ["additional_kwargs", "response_metadata"] as const;

/** Characters of what a tool keeps for programs beside its answer (`content_and_artifact`); larger data belongs into a store. */
export const MAX_ARTIFACT_SIZE = 1_048_576;

/**
 * Takes off an agent's fresh message what cannot be stored with it, such as a class instance in a provider's metadata: what was
 * said, and paid for, is worth more than that. Of an artifact that is not kept, the tool's answer says so.
 */
export function withoutOddities<M extends BaseMessage>(message: M): M {
  if (owned.has(message)) return message;
  const parts = message as unknown as Parts; // written by name
  for (const part of EXTRAS) {
    const value = parts[part];
    if (jsonIssue(value, MAX_MESSAGE_SIZE) !== undefined) parts[part] = isPlainObject(value) ? storableEntries(value) : {};
  }
  const lost = artifactIssue(parts["artifact"]);
  if (lost === undefined) return message;
  const note = `[Its artifact was not kept: it ${lost}]`;
  parts["artifact"] = undefined;
  parts["content"] =
    typeof message.content === "string" ? `${message.content}\n${note}` : [...message.content, { type: "text", text: note }];
  return message;
}

/** Why a tool's artifact cannot be kept; undefined when it can. */
export const artifactIssue = (artifact: unknown): string | undefined => jsonIssue(artifact, MAX_ARTIFACT_SIZE);

const storableEntries = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => jsonIssue(entry, MAX_MESSAGE_SIZE) === undefined));

/** Characters of one value of the extra state, or of one answer. */
export const MAX_VALUE_SIZE = 16_777_216;

/** Why a value cannot be kept in a thread: it is neither plain JSON nor a message, nor a list of messages. */
export function storageIssue(value: unknown, maxSize: number): string | undefined {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const messages = items.filter((item) => BaseMessage.isInstance(item));
  const issue = messages.map(messageIssue).find((found) => found !== undefined);
  if (issue !== undefined) return `holds a message that cannot be kept: ${issue}`;
  const data = messages.length === 0 ? value : items.filter((item) => !BaseMessage.isInstance(item));
  return jsonIssue(data, maxSize);
}
