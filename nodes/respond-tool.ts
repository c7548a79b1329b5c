import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { z } from "zod";
import { shownError } from "../src/base/shown-error.js";

/** The tool by which a model gives its output. */
export const RESPOND = "respond";

/** The tool for an output, and how its arguments are read. */
export interface RespondTool {
  readonly tool: StructuredToolInterface;
  /** What an output may have been given as, the likeliest first: providers take nothing but objects, so others stand in one. */
  readings(given: unknown): readonly unknown[];
}

/** The tool for an output of any type; a text that says why there can be none. */
export function respondTool(output: z.ZodType): RespondTool | string {
  if (typeOf(output).type === "object") return { tool: made(output), readings: (given) => [given] };
  const wrapped = z.object({ value: output });
  const { problem } = typeOf(wrapped);
  if (problem !== undefined) return `it cannot be told to a model (${problem}); use types that JSON has, such as a text for a date`;
  return { tool: made(wrapped), readings: (given) => (isWrapped(given) ? [given.value, given] : [given]) };
}

const made = (schema: z.ZodType): StructuredToolInterface =>
  tool(() => "", { name: RESPOND, description: "Give your final answer.", schema: schema as z.ZodType<object> });

const isWrapped = (given: unknown): given is { readonly value: unknown } => typeof given === "object" && given !== null && "value" in given;

/** As LangChain tells it to every provider. */
function typeOf(schema: z.ZodType): { readonly type?: unknown; readonly problem?: string } {
  try {
    return { type: (toJsonSchema(schema) as { readonly type?: unknown }).type };
  } catch (error) {
    return { problem: shownError(error).message };
  }
}
