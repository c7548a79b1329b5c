import type { StructuredToolInterface } from "@langchain/core/tools";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import type { Issue } from "../src/base/errors.js";
import { shownError } from "../src/base/shown-error.js";
import { soundName, TOOL_NAME } from "../src/handoff/own-words.js";
import { MAX_DESCRIPTION } from "../src/handoff/tool-text.js";

/** What providers would refuse about the tools that an agent was given, and what would be right. */
export const toolIssues = (tools: readonly StructuredToolInterface[]): Issue[] => tools.flatMap(issuesOf);

function issuesOf({ name, schema, ...given }: StructuredToolInterface): Issue[] {
  const description = (given.description as string | undefined) ?? ""; // plain JavaScript may leave it out
  const path = `tools.${name.slice(0, 64)}`;
  const problem = schemaProblem(schema);
  const isLong = description.length > MAX_DESCRIPTION;
  return [
    ...(TOOL_NAME.test(name)
      ? []
      : [{ path, code: "TOOL_NAME", message: `use letters, digits, _ and - only, 1 to 64 of them, such as "${soundName(name)}"` }]),
    ...(isLong
      ? [
          {
            path,
            code: "TOOL_DESCRIPTION",
            message: `its description has ${description.length} characters; providers take ${MAX_DESCRIPTION}`,
          },
        ]
      : []),
    ...(problem === undefined ? [] : [{ path, code: "TOOL_SCHEMA", message: problem }]),
  ];
}

function schemaProblem(schema: StructuredToolInterface["schema"]): string | undefined {
  try {
    const { type } = toJsonSchema(schema) as { readonly type?: unknown };
    return type === "object" ? undefined : `its arguments are no object; put them into one, such as z.object({ value: … })`;
  } catch (error) {
    return `its arguments cannot be told to a model (${shownError(error).message}); use types that JSON has, such as a text for a date`;
  }
}
