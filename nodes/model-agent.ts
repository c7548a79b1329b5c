import type { ToolCall } from "@langchain/core/messages/tool";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { z } from "zod";
import type { Turn } from "../src/agent/agent.js";
import type { Outcome } from "../src/agent/outcome.js";
import { callable, each, either, flag, kindOf, maybe, number, record, shape, text, textOrFunction, type Form } from "../src/base/form.js";
import { HISTORY, type HistoryView } from "../src/handoff/history.js";
import { MODEL_OR_FUNCTION, type ChatModel } from "./chat-model.js";
import { HANDOFF_POLICY, type HandoffPolicy } from "./handoff-middleware.js";

/** Limits of one turn of one agent. */
export interface TurnLimits {
  /** Default 25. */
  readonly modelCalls?: number;
  /** Default 100. */
  readonly toolCalls?: number;
  /** Wall time of the turn in milliseconds; waiting for a person does not count. Default 300,000. */
  readonly milliseconds?: number;
}

/** A chat model with a prompt and tools as an agent. */
export interface ModelAgent<Id extends string, State, Output = unknown> extends HandoffPolicy {
  readonly id: Id;
  readonly description?: string;
  /** A LangChain chat model, its name, or a function that chooses one for each turn. */
  readonly model: ChatModel | ((turn: Turn<State>) => ChatModel | Promise<ChatModel>);
  readonly prompt?: string | ((turn: Turn<State>) => string);
  readonly tools?: readonly StructuredToolInterface[];
  /** Tools that run only after a person approved the call: their names, or a test of the call. */
  readonly approval?: readonly string[] | ((call: ToolCall, turn: Turn<State>) => boolean);
  /** What the agent must answer with. The model is told what is wrong with an answer that does not fit, twice; then the turn fails. */
  readonly output?: z.ZodType<Output>;
  /** What follows from the output: {@link reply}, {@link handoff} or {@link send}. Default: a reply with the output as `data`. */
  readonly decide?: (output: Output, turn: Turn<State>) => Outcome<State>;
  /** How much of the conversation the model sees. Default `"full"`. */
  readonly history?: HistoryView;
  readonly limits?: TurnLimits;
  /** Each model and tool call is stored when it is done, and not run again after a crash or an interrupt. Default `true`; `false` runs the turn again from its start. */
  readonly durable?: boolean;
}

const TOOL = kindOf("a tool of LangChain", (value) => typeof value === "object" && value !== null && "name" in value && "invoke" in value);
export const TURN_LIMITS = shape<TurnLimits>({
  modelCalls: maybe(number),
  toolCalls: maybe(number),
  milliseconds: maybe(number),
});

export const MODEL_AGENT: Form<ModelAgent<string, never>> = {
  ...HANDOFF_POLICY,
  id: text,
  description: maybe(text),
  model: MODEL_OR_FUNCTION,
  prompt: maybe(textOrFunction),
  tools: maybe(each(TOOL)),
  approval: maybe(either(Array.isArray, each(text), callable)),
  output: maybe(record),
  decide: maybe(callable),
  history: maybe(HISTORY),
  limits: maybe(TURN_LIMITS),
  durable: maybe(flag),
};
