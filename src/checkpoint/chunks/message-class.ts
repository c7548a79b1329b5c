import {
  AIMessage,
  AIMessageChunk,
  ChatMessage,
  HumanMessage,
  HumanMessageChunk,
  RemoveMessage,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  type BaseMessage,
} from "@langchain/core/messages";

/** A message class of LangChain whose JSON is fully known: `kwargs` in, the same `kwargs` out. */
export interface MessageClass {
  /** The last part of its `id` in JSON. */
  readonly name: string;
  readonly prototype: object;
  /** The keys its constructor takes under the name that JSON has for them. */
  readonly keys: ReadonlySet<string>;
  create(fields: Record<string, unknown>): BaseMessage;
}

const ANY = ["content", "id", "name", "additional_kwargs", "response_metadata"] as const;
const MODEL = ["tool_calls", "invalid_tool_calls", "usage_metadata"] as const;

// A constructor takes its own fields type; here the fields come out of JSON that the same class wrote.
type Constructor = { readonly prototype: BaseMessage } & (new (fields: never) => BaseMessage);

function messageClass(name: string, constructor: Constructor, more: readonly string[] = []): MessageClass {
  const create = constructor as unknown as new (fields: Record<string, unknown>) => BaseMessage;
  return { name, prototype: constructor.prototype, keys: new Set([...ANY, ...more]), create: (fields) => new create(fields) };
}

const CLASSES: readonly MessageClass[] = [
  messageClass("HumanMessage", HumanMessage),
  messageClass("HumanMessageChunk", HumanMessageChunk),
  messageClass("SystemMessage", SystemMessage),
  messageClass("SystemMessageChunk", SystemMessageChunk),
  messageClass("RemoveMessage", RemoveMessage),
  messageClass("ChatMessage", ChatMessage, ["role"]),
  messageClass("AIMessage", AIMessage, MODEL),
  messageClass("AIMessageChunk", AIMessageChunk, [...MODEL, "tool_call_chunks"]),
  messageClass("ToolMessage", ToolMessage, ["tool_call_id", "status", "artifact", "metadata"]),
];
const byName: ReadonlyMap<string, MessageClass> = new Map(CLASSES.map((known) => [known.name, known]));
const byPrototype: ReadonlyMap<object, MessageClass> = new Map(CLASSES.map((known) => [known.prototype, known]));

/** The class by the name in its JSON; undefined for what only LangChain's own loader may revive. */
export function messageClassNamed(name: string): MessageClass | undefined {
  return byName.get(name);
}

/** The class of an instance; undefined for a subclass, another copy of LangChain, or no message at all. */
export function messageClassOf(value: object): MessageClass | undefined {
  // getPrototypeOf of any object is an object or null
  return byPrototype.get(Object.getPrototypeOf(value) as object);
}
