import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { z } from "zod";
import { markOutput } from "../src/agent/conversation.js";
import { jsonIssue } from "../src/base/json.js";

/** The first reading that fits the output's type; else what is wrong with the likeliest. */
export async function fitting<Output>(output: z.ZodType<Output> | undefined, readings: readonly unknown[]) {
  let likeliest: { readonly given: unknown; readonly parsed: z.ZodSafeParseResult<Output> | undefined } | undefined;
  for (const given of readings) {
    const parsed = await output?.safeParseAsync(given); // a type may ask elsewhere whether something fits
    if (parsed?.success === true) return { given, parsed };
    likeliest ??= { given, parsed };
  }
  return likeliest ?? { given: undefined, parsed: undefined };
}

/** The output, or what it was made of where a transformation made something of it that JSON does not have. */
export const storable = (output: unknown, given: unknown): unknown => (jsonIssue(output, Infinity) === undefined ? output : given);

/**
 * What a turn said, once its output fits: the output stands there once, as a message of the type `output`, in place of the call
 * that gave it and of that call's answer. The model reads its own answer later; pages that show a conversation leave the type out.
 */
export function withOutput(added: readonly BaseMessage[], message: AIMessage, output: unknown): BaseMessage[] {
  const { id, name, additional_kwargs, response_metadata, usage_metadata, tool_calls: calls = [] } = message;
  if (calls.length === 0) {
    markOutput(message);
    return [...added];
  }
  const json = JSON.stringify(output) ?? "null";
  if (calls.length > 1 || message.text.trim() !== "")
    return [...added, markOutput(new AIMessage({ content: json, ...(name === undefined ? {} : { name }) }))];
  const said = new AIMessage({
    content: json,
    additional_kwargs,
    response_metadata,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(usage_metadata === undefined ? {} : { usage_metadata }),
  });
  const [call] = calls;
  const isAnswer = (one: BaseMessage): boolean => ToolMessage.isInstance(one) && one.tool_call_id === call?.id;
  return added.flatMap((one) => (one === message ? [markOutput(said)] : isAnswer(one) ? [] : [one]));
}
