import { AGENT_ID, type Agent, type PhaseRun } from "../src/agent/agent.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { functionRun, type FunctionAgent } from "./function.js";
import { graphRun, type GraphAgent } from "./graph-agent.js";
import { isRemoteGraph, remoteRun } from "./remote-agent.js";
import { descriptionOf, type AnyGraph } from "./graph-source.js";
import { modelRun, type ModelAgent } from "./model-turn.js";

/** What an agent can be made from. */
export type AgentDefinition<Id extends string, State, Output> =
  | FunctionAgent<Id, State>
  | ModelAgent<Id, State, Output>
  | GraphAgent<Id, State>;

/**
 * Makes an agent from a function (`run`), a chat model (`model`), or any LangGraph graph or LangChain agent (`graph`).
 * @throws InvalidDefinitionError when the id is not URL-safe, or the definition names none or several of these.
 * @example
 * const closer = agent({ id: "closer", run: () => "Done." });
 * const triage = agent({ id: "triage", model: "openai:gpt-5-mini", prompt: "Find out what it is about.", tools: [lookup] });
 * const search = agent({ id: "search", graph: createAgent({ model, tools, middleware }) });
 */
export function agent<const Id extends string, State = object, Graph extends AnyGraph = AnyGraph>(
  definition: GraphAgent<Id, State, Graph>,
): Agent<Id, State>;
export function agent<const Id extends string, State = object, Output = unknown>(
  definition: FunctionAgent<Id, State> | ModelAgent<Id, State, Output>,
): Agent<Id, State>;
export function agent<Id extends string, State, Output>(definition: AgentDefinition<Id, State, Output>): Agent<Id, State> {
  if (!AGENT_ID.test(definition.id)) {
    throw new InvalidDefinitionError(`Agent "${definition.id}"`, [
      { path: "id", code: "BAD_NAME", message: "use letters, digits, _ and - only (at most 64)" },
    ]);
  }
  const run = phaseRun<State, Output>(definition);
  const description = definition.description ?? ("graph" in definition ? descriptionOf(definition.graph) : undefined);
  return { id: definition.id, description, node: () => run };
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
  if ("run" in definition) return functionRun(definition);
  if ("model" in definition) return modelRun(definition);
  return isRemoteGraph(definition.graph) ? remoteRun(definition, definition.graph) : graphRun(definition);
}
