import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { HANDOFF_TOOL } from "../src/agent/conversation.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { handoffMiddleware, soundRequests, type HandoffPolicy, type OwnMiddleware } from "./handoff-middleware.js";

/**
 * A graph someone else made: a compiled LangGraph graph, a LangChain `createAgent` agent, or a `RemoteGraph`. Told apart by what
 * they have, not by their class: two copies of LangGraph may be installed.
 */
export interface AnyGraph {
  invoke(input: never, config?: never): Promise<unknown>;
}

/** The state a graph returns. */
export type ValuesOf<Graph extends AnyGraph> = Awaited<ReturnType<Graph["invoke"]>>;

/** What a compiled graph has beyond that. */
export interface Pregel {
  readonly description?: string;
  readonly channels: Readonly<Record<string, unknown>>;
  readonly config?: RunnableConfig;
  checkpointer?: unknown;
  stream(input: unknown, config: RunnableConfig & Record<string, unknown>): Promise<AsyncIterable<unknown>>;
  withConfig(config: RunnableConfig): Pregel;
}

/** An agent made by `createAgent`: not a graph itself, it has one and knows what it was made of. */
interface ReactAgent extends Pick<Pregel, "stream"> {
  readonly graph: Pregel;
  readonly options: {
    readonly name?: string;
    readonly tools?: readonly unknown[];
    readonly middleware?: readonly (OwnMiddleware & { readonly tools?: readonly unknown[] })[];
  };
  withConfig(config: RunnableConfig): ReactAgent;
}

/** A graph made ready for one agent. */
export interface Prepared {
  /** For pictures and for the state of what runs inside. */
  readonly graph: Pregel;
  readonly stream: Pregel["stream"];
}

/** A graph of someone else, read once. `prepare` gives it its memory: `true` keeps its own per thread, `undefined` none. */
export interface Source {
  /** True when our handoff tool is among its tools. */
  readonly handsOff: boolean;
  readonly channels: Readonly<Record<string, unknown>>;
  readonly config: RunnableConfig | undefined;
  readonly remembers: boolean;
  prepare(checkpointer: true | undefined): Prepared;
}

/** What the agent around a graph decides about it. */
interface SourceOptions extends HandoffPolicy {
  readonly id: string;
  readonly handoffs?: boolean;
}

/** @throws InvalidDefinitionError for what is no compiled graph, with what to do about it. */
export function readGraph(given: unknown, options: SourceOptions): Source {
  if (isReactAgent(given)) return reactSource(given, options);
  if (!isPregel(given)) throw notAGraph(options.id, given);
  return {
    handsOff: false,
    channels: given.channels,
    config: given.config,
    remembers: given.checkpointer === true,
    prepare(checkpointer) {
      const asItIs = given.checkpointer === checkpointer || (given.checkpointer === false && checkpointer === undefined);
      const graph = asItIs ? given : given.withConfig({});
      if (!asItIs) graph.checkpointer = checkpointer;
      return { graph, stream: (input, config) => graph.stream(input, config) };
    },
  };
}

function reactSource(agent: ReactAgent, options: SourceOptions): Source {
  const { graph } = agent;
  const own = [...(agent.options.tools ?? []), ...(agent.options.middleware ?? []).flatMap((middleware) => middleware.tools ?? [])];
  const handsOff = options.handoffs ?? !own.some(isSwarmHandoff);
  if (handsOff && own.some((tool) => nameOf(tool) === HANDOFF_TOOL)) {
    const message = `the agent has a tool "${HANDOFF_TOOL}" of its own; rename it, or say handoffs: false`;
    throw new InvalidDefinitionError(`Agent "${options.id}"`, [{ path: "graph.tools", code: "TOOL_NAME", message }]);
  }
  return {
    handsOff,
    channels: graph.channels,
    config: graph.config,
    remembers: graph.checkpointer === true,
    prepare(checkpointer) {
      const { middleware = [], name = options.id } = agent.options;
      const { outer, inner } = handoffMiddleware(options, middleware);
      const around = handsOff ? [outer, ...middleware, inner] : [...middleware, soundRequests()];
      // made by the class of the agent itself, so that it is the user's own copy and version of langchain
      const Same = agent.constructor as new (options: object) => ReactAgent;
      const made = new Same({ ...agent.options, name, checkpointer, middleware: around });
      const rebuilt = graph.config === undefined ? made : made.withConfig(graph.config);
      return { graph: rebuilt.graph, stream: (input, config) => rebuilt.stream(input, config) };
    },
  };
}

/** The description a graph was made with. */
export const descriptionOf = (given: unknown): string | undefined =>
  isReactAgent(given) ? given.graph.description : isPregel(given) ? given.description : undefined;

/** The value as something that may be looked into. */
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}; // reading a field of any object is safe

const has = (value: unknown, ...keys: readonly string[]): boolean => keys.every((key) => fieldsOf(value)[key] !== undefined);

const isPregel = (value: unknown): value is Pregel => has(value, "lg_is_pregel", "channels", "stream", "withConfig");

const isReactAgent = (value: unknown): value is ReactAgent => has(value, "options", "stream") && isPregel(fieldsOf(value)["graph"]);

const nameOf = (tool: unknown): unknown => fieldsOf(tool)["name"];

/** langgraph-swarm marks its handoff tools so. */
const isSwarmHandoff = (tool: unknown): boolean => has(fieldsOf(tool)["metadata"], "__handoff_destination");

function notAGraph(id: string, given: unknown): InvalidDefinitionError {
  const message = has(given, "node", "chart")
    ? "an orchestration is an agent already; put it where this agent stands"
    : has(given, "addNode", "compile")
      ? "this graph is not compiled; give graph.compile()"
      : "give a compiled LangGraph graph, an agent made by createAgent, or a RemoteGraph";
  return new InvalidDefinitionError(`Agent "${id}"`, [{ path: "graph", code: "AGENT_GRAPH", message }]);
}

/** Values of a graph whose state is not known here. */
export interface GraphValues {
  readonly messages?: readonly BaseMessage[];
  readonly structuredResponse?: unknown;
}
