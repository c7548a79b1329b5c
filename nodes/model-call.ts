import { AIMessage, isAIMessage, SystemMessage, type BaseMessage } from "@langchain/core/messages";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { PatternTool, Turn } from "../src/agent/agent.js";
import { durably } from "./tool-calls.js";

/** What one call of a model needs. */
export interface ModelCall {
  readonly model: BaseChatModel;
  readonly system: string | undefined;
  readonly messages: readonly BaseMessage[];
  readonly tools: readonly (StructuredToolInterface | PatternTool)[];
  /** Set when the model must answer through this tool. */
  readonly forced: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly durable: boolean;
}

/** An answer whose tool calls all have ids and readable arguments; those that had not carry what was wrong. */
export interface ModelAnswer {
  readonly message: AIMessage;
  /** Tool-call id → what was wrong with its arguments. */
  readonly malformed: ReadonlyMap<string, string>;
}

/** Calls the model as a durable task, with the node's callbacks, so that its tokens stream as the node's own. */
export async function callModel(turn: Turn, call: ModelCall): Promise<ModelAnswer> {
  const { callbacks, metadata } = turn.config;
  const ask = async (): Promise<AIMessage> => {
    const bound = call.tools.length === 0 ? call.model : bind(call);
    const prompt = call.system === undefined ? call.messages : [new SystemMessage(call.system), ...call.messages];
    const answer = await bound.invoke([...prompt], {
      ...(callbacks === undefined ? {} : { callbacks }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    return tidy(turn, answer);
  };
  const stored = call.durable ? await durably(turn, "call_model", ask) : await ask();
  return {
    message: stored,
    malformed: new Map((stored.invalid_tool_calls ?? []).map((invalid) => [invalid.id ?? "", invalid.error ?? "not valid JSON"])),
  };
}

function bind(call: ModelCall) {
  if (call.model.bindTools === undefined)
    throw new TypeError(`The model ${call.model.getName()} cannot call tools; give the agent another model, or no tools and no handoffs.`);
  return call.model.bindTools([...call.tools], call.forced === undefined ? {} : { tool_choice: call.forced });
}

/** One plain message with an id, the agent's name, and every tool call in `tool_calls`, so that each can be answered. */
function tidy(turn: Turn, answer: BaseMessage): AIMessage {
  const { tool_calls = [], invalid_tool_calls = [], ...rest } = isAIMessage(answer) ? answer : new AIMessage(answer.text);
  const { tool_calls: _raw, ...kwargs } = rest.additional_kwargs;
  const named = [...tool_calls, ...invalid_tool_calls.map((invalid) => ({ id: invalid.id, name: invalid.name ?? "unknown", args: {} }))];
  const ids = named.map((call) => call.id ?? `call_${turn.clock.id()}`);
  return new AIMessage({
    content: answer.content,
    id: answer.id === undefined || turn.messages.some((message) => message.id === answer.id) ? turn.clock.id() : answer.id, // an id twice would replace a message
    name: turn.agent,
    additional_kwargs: kwargs,
    response_metadata: answer.response_metadata,
    ...(rest.usage_metadata === undefined ? {} : { usage_metadata: rest.usage_metadata }),
    tool_calls: named.map((call, index) => ({ type: "tool_call", name: call.name, args: call.args, id: ids[index] ?? "" })),
    invalid_tool_calls: invalid_tool_calls.map((invalid, index) => ({ ...invalid, id: ids[tool_calls.length + index] ?? "" })),
  });
}
