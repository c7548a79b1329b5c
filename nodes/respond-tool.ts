import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import { jsonIn } from "../src/base/fences.js";
import { isPlainObject } from "../src/base/json.js";
import { outputSchema } from "./output-schema.js";

/** The tool by which a model gives its output. */
export const RESPOND = "respond";

/** The tool for an output, and how what a model gives is read. */
export interface RespondTool {
  readonly tool: StructuredToolInterface;
  /** What the arguments of a call may have been meant as, the likeliest first. */
  readCall(args: unknown): readonly unknown[];
  /** What words may have been meant as: models that answer in JSON, by themselves or by an option of their own, call no tool. */
  readWords(words: string): readonly unknown[];
}

/** The tool for an output of any type; a text that says why there can be none. */
export function respondTool(output: z.ZodType): RespondTool | string {
  const whole = outputSchema(output);
  if (typeof whole === "string") return whole;
  const isNamed = whole["type"] === "object" && isPlainObject(whole["properties"]) && Object.keys(whole["properties"]).length > 0;
  // providers take nothing but objects whose keys are named, so everything else stands in one
  const schema = isNamed ? whole : outputSchema(z.object({ value: output }));
  if (typeof schema === "string") return schema;
  const readCall = (args: unknown) => readingsOf(args, isNamed);
  return {
    tool: tool(() => "", { name: RESPOND, description: "Give your final answer.", schema }),
    readCall,
    readWords: (words) => {
      const json = jsonIn(words);
      return json === undefined ? [words] : [...readCall(json), words];
    },
  };
}

/** What was given, and what stands in it where it is an object with a `value`: models wrap unasked, and leave the wrapping out. */
function readingsOf(given: unknown, isNamed: boolean): readonly unknown[] {
  if (!isPlainObject(given) || !("value" in given)) return [given];
  const isWrapped = !isNamed && Object.keys(given).length === 1;
  return isWrapped ? [given["value"], given] : [given, given["value"]];
}
