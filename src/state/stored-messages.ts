import {
  AIMessage,
  HumanMessage,
  mapStoredMessagesToChatMessages,
  SystemMessage,
  ToolMessage,
  type BaseMessage,
  type StoredMessage,
} from "@langchain/core/messages";
import { invariant } from "../base/errors.js";
import { jsonIssue } from "../base/json.js";
import { MAX_MESSAGE_SIZE, ownMessage } from "./owned-message.js";

/** A message in a checkpoint: JSON as LangChain's `StoredMessage`; the message itself where JSON would not bring it back as it was. */
export type StoredForm = string | BaseMessage;

/** The parts of all message classes, under the names that their constructors take too. */
type Parts = Pick<BaseMessage, "content" | "id" | "name" | "additional_kwargs" | "response_metadata"> & {
  readonly [key in "tool_calls" | "invalid_tool_calls" | "usage_metadata" | "tool_call_id" | "status" | "artifact" | "metadata"]?: unknown;
};

/** Messages of a thread do not change: each is written as JSON once, and a loaded one is not written again. */
const written = new WeakMap<BaseMessage, StoredForm>();

const PLAIN_CLASSES: readonly unknown[] = [HumanMessage, AIMessage, SystemMessage, ToolMessage];

/** The form under which a message of a thread is stored. */
export function storedForm(message: BaseMessage): StoredForm {
  const known = written.get(message);
  if (known !== undefined) return known;
  const parts = partsOf(message as Parts);
  const isPlain = PLAIN_CLASSES.includes(message.constructor) && jsonIssue(parts, MAX_MESSAGE_SIZE) === undefined;
  const form = isPlain ? JSON.stringify({ type: message.getType(), data: parts }) : message;
  written.set(message, form);
  return form;
}

/** The message again. Forms of another kind, as LangGraph's own channel stores them, are taken as they are. */
export function fromStoredForm(form: StoredForm): BaseMessage {
  if (typeof form !== "string") return ownMessage(form);
  const [message] = mapStoredMessagesToChatMessages([JSON.parse(form) as StoredMessage]);
  invariant(message, "a stored message came back as nothing");
  const own = ownMessage(message);
  written.set(own, form);
  return own;
}

function partsOf(message: Parts): Parts {
  const { content, id, name, additional_kwargs, response_metadata, tool_calls, invalid_tool_calls } = message;
  const { usage_metadata, tool_call_id, status, artifact, metadata } = message;
  const spoken = { content, id, name, additional_kwargs, response_metadata, tool_calls, invalid_tool_calls };
  return { ...spoken, usage_metadata, tool_call_id, status, artifact, metadata } as Parts; // a part that a class lacks is undefined
}
