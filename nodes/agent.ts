import { AGENT_ID, type Agent, type Manifest, type PhaseRun } from "../src/agent/agent.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { maybe, record, readForm, shape, unknownKeys, type Form, type Rule } from "../src/base/form.js";
import { functionRun, FUNCTION_AGENT, type FunctionAgent } from "./function.js";
import { GRAPH_AGENT, graphRun, type GraphAgent } from "./graph-agent.js";
import { isRemoteGraph, remoteRun } from "./remote-agent.js";
import { descriptionOf, type AnyGraph } from "./graph-source.js";
import { MODEL_AGENT, type ModelAgent } from "./model-agent.js";
import { modelRun } from "./model-turn.js";

/** What an agent can be made from. */
export type AgentDefinition<Id extends string, State, Output> = Described &
  (FunctionAgent<Id, State> | ModelAgent<Id, State, Output> | GraphAgent<Id, State>);

/** What every agent may say of itself. */
export interface Described {
  /** What is known of it without running it: for checks and pictures of a whole team. */
  readonly manifest?: Manifest | undefined;
}

/**
 * Makes an agent from a function (`run`), a chat model (`model`), or any LangGraph graph or LangChain agent (`graph`).
 * @throws InvalidDefinitionError when the id is not URL-safe, or the definition names none or several of these.
 * @example
 * const closer = agent({ id: "closer", run: () => "Done." });
 * const triage = agent({ id: "triage", model: "openai:gpt-5-mini", prompt: "Find out what it is about.", tools: [lookup] });
 * const search = agent({ id: "search", graph: createAgent({ model, tools, middleware }) });
 */
export function agent<const Id extends string, State = object, Graph extends AnyGraph = AnyGraph>(
  definition: GraphAgent<Id, State, Graph> & Described,
): Agent<Id, State>;
export function agent<const Id extends string, State = object, Output = unknown>(
  definition: (FunctionAgent<Id, State> | ModelAgent<Id, State, Output>) & Described,
): Agent<Id, State>;
export function agent<Id extends string, State, Output>(given: AgentDefinition<Id, State, Output>): Agent<Id, State> {
  const definition = readForm("Agent", given, kindFormOf(given));
  if (!AGENT_ID.test(definition.id)) {
    throw new InvalidDefinitionError(`Agent "${definition.id}"`, [
      { path: "id", code: "BAD_NAME", message: "use letters, digits, _ and - only (at most 64)" },
    ]);
  }
  const run = phaseRun<State, Output>(definition);
  const description = definition.description ?? ("graph" in definition ? descriptionOf(definition.graph) : undefined);
  return { id: definition.id, description, manifest: definition.manifest, node: () => run };
}

const KINDS = { run: FUNCTION_AGENT, model: MODEL_AGENT, graph: GRAPH_AGENT } as const;
const DESCRIBED: Form<Described> = { manifest: maybe(record) };
const ANY_KEYS = [...new Set([...Object.values(KINDS), DESCRIBED].flatMap((form) => Object.keys(form)))];

/** The form of the one kind of agent that is defined; where none or several are, that is the issue. */
function kindFormOf(definition: unknown): Rule {
  if (typeof definition !== "object" || definition === null) return shape<FunctionAgent<string, never>>(FUNCTION_AGENT);
  const kinds = (["run", "model", "graph"] as const).filter((kind) => kind in definition);
  const [kind] = kinds;
  if (kind !== undefined && kinds.length === 1) return shape<object>({ ...KINDS[kind], ...DESCRIBED });
  return () => [
    {
      path: kinds.join("+") || "run",
      code: "AGENT_KIND",
      message: `give exactly one of run, model and graph, not ${kinds.join(" and ") || "none"}`,
    },
    ...unknownKeys(definition, ANY_KEYS),
  ];
}

function phaseRun<State, Output>(definition: AgentDefinition<string, State, Output>): PhaseRun<State> {
  if ("run" in definition) return functionRun(definition);
  if ("model" in definition) return modelRun(definition);
  return isRemoteGraph(definition.graph) ? remoteRun(definition, definition.graph) : graphRun(definition);
}
