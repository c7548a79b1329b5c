import { AGENT_ID, type Agent, type PhaseRun } from "../src/agent/agent.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { functionRun, type FunctionAgent } from "./function.js";
import { modelRun, type ModelAgent } from "./model-turn.js";

/** What an agent can be made from. */
export type AgentDefinition<Id extends string, State, Output> = FunctionAgent<Id, State> | ModelAgent<Id, State, Output>;

/**
 * Makes an agent from a function (`run`), a chat model (`model`), or any LangGraph graph or LangChain agent (`graph`).
 * @throws InvalidDefinitionError when the id is not URL-safe, or the definition names none or several of these.
 * @example
 * const closer = agent({ id: "closer", run: () => "Done." });
 * const triage = agent({ id: "triage", model: "openai:gpt-5-mini", prompt: "Find out what it is about.", tools: [lookup] });
 */
export function agent<const Id extends string, State = object, Output = unknown>(
  definition: AgentDefinition<Id, State, Output>,
): Agent<Id, State> {
  if (!AGENT_ID.test(definition.id)) {
    throw new InvalidDefinitionError(`Agent "${definition.id}"`, [
      { path: "id", code: "BAD_NAME", message: "use letters, digits, _ and - only (at most 64)" },
    ]);
  }
  const run = phaseRun<State, Output>(definition);
  return { id: definition.id, description: definition.description, node: () => run };
}

function phaseRun<State, Output>(definition: AgentDefinition<string, State, Output>): PhaseRun<State> {
  const kinds = ["run", "model", "graph"].filter((kind) => kind in definition);
  if (kinds.length !== 1) {
    throw new InvalidDefinitionError(`Agent "${definition.id}"`, [
      {
        path: kinds.join("+") || "run",
        code: "AGENT_KIND",
        message: `give exactly one of run, model and graph, not ${kinds.join(" and ") || "none"}`,
      },
    ]);
  }
  return "run" in definition ? functionRun(definition) : modelRun(definition);
}
