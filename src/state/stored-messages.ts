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

/** A message in a checkpoint: JSON as LangChain's `StoredMessage`; the message itself where JSON would not bring it back as it was. */
export type StoredForm = string | BaseMessage;

/** What a message held when it was written. */
interface Written {
  readonly form: StoredForm;
  readonly parts: Parts;
}

/** The parts of all message classes, under the names that their constructors take too. */
type Parts = Pick<BaseMessage, "content" | "id" | "name" | "additional_kwargs" | "response_metadata"> & {
  readonly [key in "tool_calls" | "invalid_tool_calls" | "usage_metadata" | "tool_call_id" | "status" | "artifact" | "metadata"]?: unknown;
};

/** Messages are kept by reducers as they are: each is written as JSON once, and a loaded one is not written again. */
const written = new WeakMap<BaseMessage, Written>();

const PLAIN_CLASSES: readonly unknown[] = [HumanMessage, AIMessage, SystemMessage, ToolMessage];
const MAX_MESSAGE_BYTES = 67_108_864;

/** The form under which a message is stored. A message whose parts were replaced since is written anew. */
export function storedForm(message: BaseMessage): StoredForm {
  const known = written.get(message);
  if (known !== undefined && isSame(message as Parts, known.parts)) return known.form;
  const parts = partsOf(message as Parts);
  const isPlain = PLAIN_CLASSES.includes(message.constructor) && jsonIssue(parts, MAX_MESSAGE_BYTES) === undefined;
  const form = isPlain ? JSON.stringify({ type: message.getType(), data: parts }) : message;
  written.set(message, { form, parts });
  return form;
}

/** The message again. Forms of another kind, as LangGraph's own channel stores them, are taken as they are. */
export function fromStoredForm(form: StoredForm): BaseMessage {
  if (typeof form !== "string") return form;
  const [message] = mapStoredMessagesToChatMessages([JSON.parse(form) as StoredMessage]);
  invariant(message, "a stored message came back as nothing");
  written.set(message, { form, parts: partsOf(message as Parts) });
  return message;
}

function partsOf(message: Parts): Parts {
  const { content, id, name, additional_kwargs, response_metadata, tool_calls, invalid_tool_calls } = message;
  const { usage_metadata, tool_call_id, status, artifact, metadata } = message;
  const spoken = { content, id, name, additional_kwargs, response_metadata, tool_calls, invalid_tool_calls };
  return { ...spoken, usage_metadata, tool_call_id, status, artifact, metadata } as Parts; // a part that a class lacks is undefined
}

function isSame(message: Parts, parts: Parts): boolean {
  return (
    message.content === parts.content &&
    message.id === parts.id &&
    message.name === parts.name &&
    message.additional_kwargs === parts.additional_kwargs &&
    message.response_metadata === parts.response_metadata &&
    message.tool_calls === parts.tool_calls &&
    message.invalid_tool_calls === parts.invalid_tool_calls &&
    message.usage_metadata === parts.usage_metadata &&
    message.tool_call_id === parts.tool_call_id &&
    message.status === parts.status &&
    message.artifact === parts.artifact &&
    message.metadata === parts.metadata
  );
}
