import { AIMessage, isAIMessage, type AIMessageChunk, type BaseMessage, type MessageContent } from "@langchain/core/messages";
import type { InvalidToolCall, ToolCall, ToolCallChunk } from "@langchain/core/messages/tool";
import type { Turn } from "../src/agent/agent.js";

/**
 * One plain message with an id, the agent's name, and every tool call in `tool_calls` under an id of its own, so that each can be
 * answered. Calls whose arguments are not one whole JSON object are listed in `invalid_tool_calls` too.
 * @param earlier what the model was shown: ids in there are taken.
 */
export function readAnswer(turn: Turn, answer: BaseMessage, earlier: readonly BaseMessage[]): AIMessage {
  const { tool_calls = [], invalid_tool_calls = [], ...rest } = isAIMessage(answer) ? answer : new AIMessage(answer.text);
  const { tool_calls: _raw, ...kwargs } = rest.additional_kwargs;
  const streamed = (rest as Partial<AIMessageChunk>).tool_call_chunks ?? []; // only a chunk has them
  const whole = tool_calls.filter((call) => isWhole(call, streamed));
  const broken = [
    ...tool_calls.filter((call) => !whole.includes(call)).map((call) => unread(call, streamed)),
    ...invalid_tool_calls,
    ...invalidBlocks(answer.content).filter((block) => !invalid_tool_calls.some((known) => known.id === block.id)),
  ];
  const named = [...whole, ...broken.map((call) => ({ id: call.id, name: call.name ?? "unknown", args: {} }))];
  const ids = ownIds(turn, named, earlier);
  const calls = named.map(({ name, args }, index): ToolCall => ({ type: "tool_call", name, args, id: ids[index] ?? "" }));
  const isTaken = [...turn.messages, ...earlier].some((message) => message.id === answer.id); // it would replace that message
  return new AIMessage({
    content: withCalls(answer.content, named, calls),
    id: answer.id === undefined || isTaken ? turn.clock.id() : answer.id,
    name: turn.agent,
    additional_kwargs: kwargs,
    response_metadata: answer.response_metadata,
    ...(rest.usage_metadata === undefined ? {} : { usage_metadata: rest.usage_metadata }),
    tool_calls: calls,
    invalid_tool_calls: broken.map((call, index) => ({ ...call, type: INVALID, id: ids[whole.length + index] ?? "" })),
  });
}

/** What was streamed of a call's arguments; undefined when the call did not come in pieces. */
function written(call: ToolCall, streamed: readonly ToolCallChunk[]): string | undefined {
  const first = streamed.find((chunk) => chunk.id === call.id && chunk.name === call.name);
  if (first === undefined) return undefined;
  const isPart = (chunk: ToolCallChunk) =>
    chunk === first || (chunk.id ? chunk.id === first.id && chunk.index === first.index : chunk.index === first.index);
  return streamed
    .filter(isPart)
    .map((chunk) => chunk.args ?? "")
    .join("");
}

/** LangChain completes a JSON that breaks off: `{"amount": 10` of a 1000 would be carried out. */
function isWhole(call: ToolCall, streamed: readonly ToolCallChunk[]): boolean {
  if (!isObject(call.args)) return false;
  const text = written(call, streamed);
  if (text === undefined || text.trim() === "" || call.args["input"] === text.trim()) return true; // the last: a provider's own tool, which takes a text
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

const unread = (call: ToolCall, streamed: readonly ToolCallChunk[]): InvalidToolCall => ({
  type: "invalid_tool_call",
  name: call.name,
  args: written(call, streamed) ?? JSON.stringify(call.args),
  error: "they are not one whole JSON object",
  ...(call.id === undefined ? {} : { id: call.id }),
});

/** Some models count their calls from nought in each answer, give two calls one id, or none. Providers take at most 40 characters. */
export function ownIds(turn: Turn, calls: readonly { readonly id?: string | undefined }[], earlier: readonly BaseMessage[]): string[] {
  const taken = new Set(earlier.flatMap((message) => (isAIMessage(message) ? (message.tool_calls ?? []).map((call) => call.id) : [])));
  return calls.map(({ id }) => {
    const own = id === undefined || id === "" || taken.has(id) ? turn.clock.id() : id;
    taken.add(own);
    return own;
  });
}

const INVALID = "invalid_tool_call";

/** Where a model's answer is streamed as protocol events, what cannot be read stands among its content only. */
const invalidBlocks = (content: MessageContent): InvalidToolCall[] =>
  typeof content === "string" ? [] : (content.filter((block) => block.type === INVALID) as unknown as InvalidToolCall[]); // LangChain's standard block of that type

/** Content that comes in blocks names its calls too: under the same ids and with the same arguments. */
export function withCalls(
  content: MessageContent,
  given: readonly { readonly id?: string | undefined }[],
  calls: readonly ToolCall[],
): MessageContent {
  if (typeof content === "string") return content;
  const left = given.map((call, index) => ({ old: call.id, call: calls[index] }));
  return content
    .filter((block) => block.type !== INVALID)
    .map((block) => {
      const place = left.findIndex(({ old }) => old !== undefined && old === block["id"]);
      const [found] = place < 0 ? [] : left.splice(place, 1);
      if (found?.call?.id === undefined) return block;
      return { ...block, id: found.call.id, ...(block.type === "tool_call" ? { args: found.call.args } : {}) };
    });
}
