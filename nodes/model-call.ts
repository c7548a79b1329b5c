import { SystemMessage, type AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { PatternTool, Turn } from "../src/agent/agent.js";
import { InvalidDefinitionError, InvalidModelOutputError } from "../src/base/errors.js";
import { kept } from "../src/compile/durable.js";
import { cannotCallTools } from "./chat-model.js";
import { readAnswer } from "./model-answer.js";

/** What one call of a model needs. */
export interface ModelCall {
  readonly model: BaseChatModel;
  readonly system: string | undefined;
  readonly messages: readonly BaseMessage[];
  /** What the turn itself said since the last piece of it was stored; stored with the answer. */
  readonly before: readonly BaseMessage[];
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
  /** Stores it before the turn is done: for whoever begins what must not begin anew. */
  readonly store: () => Promise<void>;
}

/** Calls the model with the node's callbacks, so that its tokens stream as the node's own. An answer that is stored is not asked for again. */
export async function callModel(turn: Turn, call: ModelCall): Promise<ModelAnswer> {
  const { callbacks, metadata } = turn.config;
  const ask = async (): Promise<{ readonly said: readonly BaseMessage[] }> => {
    const bound = call.tools.length === 0 ? call.model : bind(turn, call);
    const prompt = call.system === undefined ? call.messages : [new SystemMessage(call.system), ...call.messages];
    const answer = await bound
      .invoke([...prompt], {
        ...(callbacks === undefined ? {} : { callbacks }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      })
      .catch((error: unknown) => {
        throw brokenOff(turn, error) ?? error;
      });
    return { said: [...call.before, readAnswer(turn, answer, call.messages)] };
  };
  const { signal, durable } = call;
  const { piece, store } = await kept(turn, {
    name: "call_model",
    signal,
    durable,
    run: ask,
    read: (message) => ({ said: [message as AIMessage] }), // as it was stored before pieces told whose they are
  });
  const message = piece.said.at(-1) as AIMessage; // put there by `ask`
  return {
    message,
    store,
    malformed: new Map((message.invalid_tool_calls ?? []).map((invalid) => [invalid.id ?? "", invalid.error ?? "not valid JSON"])),
  };
}

/** @throws InvalidDefinitionError when the model turns out to be one that cannot call tools. */
function bind({ agent, phase }: Turn, { model, tools, forced }: ModelCall) {
  if (model.bindTools === undefined)
    throw new InvalidDefinitionError(`Agent "${agent}" in phase "${phase}"`, [
      { path: "model", code: "NO_TOOLS", message: cannotCallTools(model) },
    ]);
  return model.bindTools([...tools], forced === undefined ? {} : { tool_choice: forced });
}

/** Node's `fetch` says no more than "terminated" of a stream that ends too early. */
function brokenOff(turn: Turn, error: unknown): InvalidModelOutputError | undefined {
  if (!(error instanceof TypeError) || error.message !== "terminated") return undefined;
  const why = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return new InvalidModelOutputError(turn.agent, `the connection broke off before the answer had ended${why}; run it again.`, {
    cause: error,
  });
}
