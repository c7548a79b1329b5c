import type { StructuredToolInterface } from "@langchain/core/tools";
import { HANDOFF_TOOL } from "../src/agent/conversation.js";
import type { Issue } from "../src/base/errors.js";
import { meant } from "../src/base/form.js";
import { canCallTools, cannotCallTools } from "./chat-model.js";
import type { ModelAgent } from "./model-agent.js";
import { RESPOND, type RespondTool } from "./respond-tool.js";
import { toolIssues } from "./tool-issues.js";

/** What is wrong with the definition of a model agent; `respond` is the tool for its output, or why there can be none. */
export function definitionIssues<State, Output>(
  agent: ModelAgent<string, State, Output>,
  tools: ReadonlyMap<string, StructuredToolInterface>,
  respond: RespondTool | string | undefined,
): Issue[] {
  const { tools: given = [], approval, output, decide, model } = agent;
  const taken = [HANDOFF_TOOL, ...(output === undefined ? [] : [RESPOND])].filter((name) => tools.has(name));
  const message = `tool names are unique, and "${[HANDOFF_TOOL, RESPOND].join('" and "')}" are the turn's own`;
  const asked = typeof approval === "function" ? [] : (approval ?? []);
  const isMute = typeof model !== "function" && !canCallTools(model);
  return [
    ...(typeof respond === "string" ? [{ path: "output", code: "OUTPUT_SCHEMA", message: respond }] : []),
    ...(isMute && (given.length > 0 || output !== undefined) ? [{ path: "model", code: "NO_TOOLS", message: cannotCallTools(model) }] : []),
    ...toolIssues(given),
    ...(taken.length > 0 || tools.size < given.length ? [{ path: "tools", code: "TOOL_NAME", message }] : []),
    ...asked
      .filter((name) => !tools.has(name))
      .map((name) => ({
        path: "approval",
        code: "UNKNOWN_TOOL",
        message: `the agent has no tool "${name}", so nobody would be asked; ${meant(name, [...tools.keys()])}`,
      })),
    ...(decide !== undefined && output === undefined
      ? [{ path: "decide", code: "CONTRADICTION", message: "it is asked about the output; give the schema of one as output" }]
      : []),
    ...given
      .filter((one) => one.returnDirect === true && output !== undefined)
      .map(({ name }) => ({
        path: "tools",
        code: "CONTRADICTION",
        message: `"${name}" ends the turn with its own answer (returnDirect), and the agent has to answer with an output; leave one out`,
      })),
  ];
}
