import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel, type BaseChatModelCallOptions, type BindToolsInput } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";

/** A tool call as a script writes it. */
export interface ScriptedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Default: `call-<n>`, counted through the script. */
  readonly id?: string;
}

/** What the model was asked. */
export interface ModelRequest {
  readonly messages: readonly BaseMessage[];
  /** Names of the tools it was given. */
  readonly tools: readonly string[];
  /** The tool it had to use, where one was demanded. */
  readonly toolChoice: unknown;
  /** Everything it was given by `bindTools` and the caller. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** One answer: a text, tool calls, a whole message, an error to throw, or a function of the request that gives one of these. */
export type ScriptedAnswer = string | ScriptedCall | readonly ScriptedCall[] | AIMessage | Error;
/** A step of a model's script. */
export type ModelStep = ScriptedAnswer | ((request: ModelRequest) => ScriptedAnswer | Promise<ScriptedAnswer>);

/** A tool call for a {@link scriptedModel}. */
export const callTool = (name: string, args: Readonly<Record<string, unknown>> = {}): ScriptedCall => ({ name, args });

/** A call of the handoff tool that agents of a team are given. */
export const callHandoff = (target: string, words: { readonly reason?: string; readonly summary?: string } = {}): ScriptedCall =>
  callTool("handoff", { target, reason: words.reason ?? "", summary: words.summary ?? "" });

interface Options extends BaseChatModelCallOptions {
  readonly tools?: readonly BindToolsInput[];
}

/** A chat model that says what its script says, call by call. Made by {@link scriptedModel}. */
export class ScriptedModel extends BaseChatModel<Options> {
  /** Every request so far, those included that the script had no answer for. */
  readonly calls: ModelRequest[] = [];
  private ids = 0;

  constructor(private readonly script: readonly ModelStep[]) {
    super({ maxRetries: 0 });
  }

  override _llmType(): string {
    return "scripted";
  }

  override bindTools(tools: BindToolsInput[], options: Partial<Options> = {}) {
    return this.withConfig({ ...options, tools });
  }

  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"]): Promise<ChatResult> {
    const message = await this.answer(messages, options);
    return { generations: [{ text: message.text, message }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const message = await this.answer(messages, options);
    const { id, additional_kwargs, response_metadata, usage_metadata } = message;
    const words = typeof message.content === "string" ? (message.content.match(/\S+\s*|\s+/g) ?? []) : [];
    for (const text of words) {
      const chunk = new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text, ...(id === undefined ? {} : { id }) }) });
      yield chunk;
      await run?.handleLLMNewToken(text, undefined, undefined, undefined, undefined, { chunk });
    }
    const calls = [...(message.tool_calls ?? []), ...(message.invalid_tool_calls ?? [])];
    const last = new AIMessageChunk({
      content: typeof message.content === "string" ? "" : message.content,
      additional_kwargs,
      response_metadata,
      ...(id === undefined ? {} : { id }),
      ...(usage_metadata === undefined ? {} : { usage_metadata }),
      tool_call_chunks: calls.map(({ id: callId, name, args }, index) => ({
        type: "tool_call_chunk" as const,
        index,
        args: typeof args === "string" ? args : JSON.stringify(args),
        ...(callId === undefined ? {} : { id: callId }),
        ...(name === undefined ? {} : { name }),
      })),
    });
    const chunk = new ChatGenerationChunk({ text: "", message: last });
    yield chunk;
    await run?.handleLLMNewToken("", undefined, undefined, undefined, undefined, { chunk });
  }

  /** @throws Error when steps of the script were not used, or a call came that the script does not know. */
  assertDone(): void {
    const { length } = this.script;
    if (this.calls.length === length) return;
    throw new Error(
      this.calls.length < length
        ? `scriptedModel: ${length - this.calls.length} of ${length} steps were not used; the model was called ${this.calls.length} times.`
        : unexpected(this.calls, length),
    );
  }

  private async answer(messages: readonly BaseMessage[], options: this["ParsedCallOptions"]): Promise<AIMessage> {
    const request = requestOf(messages, { ...options });
    this.calls.push(request);
    const step = this.script[this.calls.length - 1];
    if (step === undefined) throw new Error(unexpected(this.calls, this.script.length));
    const given = typeof step === "function" ? await step(request) : step;
    if (given instanceof Error) throw given;
    if (typeof given === "string") return new AIMessage(given);
    if (AIMessage.isInstance(given)) return given;
    const calls = [given].flat() as ScriptedCall[]; // what is left of the union
    return new AIMessage({
      content: "",
      tool_calls: calls.map(({ name, args, id }) => ({ type: "tool_call", name, args: { ...args }, id: id ?? `call-${(this.ids += 1)}` })),
    });
  }
}

/**
 * A chat model for tests: answers with the steps of its script in order, streams them word by word, keeps what it was asked, and
 * fails on a call too many. Call `assertDone()` at the end, which also fails on steps that were never used.
 * @example
 * const model = scriptedModel([callTool("find", { to: "Oslo" }), callHandoff("billing"), "Paid.", new Error("overloaded")]);
 */
export const scriptedModel = (script: readonly ModelStep[]): ScriptedModel => new ScriptedModel(script);

function requestOf(messages: readonly BaseMessage[], options: Record<string, unknown>): ModelRequest {
  const tools = (options["tools"] ?? []) as readonly BindToolsInput[]; // bindTools put them there
  return { messages: [...messages], tools: tools.map(toolName), toolChoice: options["tool_choice"], options };
}

/** Tools come as LangChain objects or in the form of a provider. */
function toolName(tool: BindToolsInput): string {
  const { name, function: inner } = tool as { readonly name?: unknown; readonly function?: { readonly name?: unknown } };
  return String(name ?? inner?.name ?? "unknown");
}

function unexpected(calls: readonly ModelRequest[], steps: number): string {
  const last = calls.at(-1)?.messages.at(-1);
  const said = last === undefined ? "nothing" : `${last.getType()}: ${last.text.slice(0, 200)}`;
  return `scriptedModel: call ${calls.length} was not expected, the script has ${steps} steps. The last message was "${said}".`;
}
