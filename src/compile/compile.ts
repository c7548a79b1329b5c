import { StateGraph, type BaseCheckpointSaver, type BaseStore, type StreamTransformer } from "@langchain/langgraph";
import type { Agent, InheritedOptions, PhaseRun } from "../agent/agent.js";
import type { Limits } from "../agent/budget.js";
import { limited, type Deadline } from "../agent/deadline.js";
import { systemClock, type Clock } from "../base/clock.js";
import { InvalidDefinitionError } from "../base/errors.js";
import { callable, each, either, kindOf, maybe, oneOf, record, readForm, shape, text } from "../base/form.js";
import { ControlChannel, type OnChartChange } from "../state/control-channel.js";
import { OrchestrationInput, OrchestrationState, type Fields } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import { MAX_SUPERSTEPS } from "../langgraph/supersteps.js";
import { EVENT, START } from "../statechart/vocabulary.js";
import { guarded, type OrchestrationGraph } from "./graph.js";
import { phaseNode, type Team } from "./phase-node.js";
import type { ReadInside } from "./unfinished.js";
import { reducersOf } from "../state/reducers.js";
import { directWays, routeFrom, routeFromStart } from "./routes.js";

/** How an orchestration is compiled. Everything is optional. */
export interface CompileOptions {
  /** Where threads are stored. Without one, nothing survives the call. `true` inside another graph: memory of its own per thread. */
  readonly checkpointer?: BaseCheckpointSaver | boolean | undefined;
  readonly store?: BaseStore | undefined;
  /** `"sync"` stores each step before the next begins; `"async"` (LangGraph's default) beside it; `"exit"` only at the end. */
  readonly durability?: "sync" | "async" | "exit" | undefined;
  /** What to do with a thread written under another chart. Default `"refuse"`. */
  readonly onChartChange?: OnChartChange | undefined;
  readonly clock?: Clock | undefined;
  readonly interruptBefore?: readonly string[] | "*" | undefined;
  readonly interruptAfter?: readonly string[] | "*" | undefined;
  // LangGraph's own type of a transformer factory
  readonly transformers?: readonly (() => StreamTransformer<unknown>)[] | undefined;
}

const OPTIONS = shape<CompileOptions>({
  checkpointer: maybe(kindOf("a saver, true or false", (value) => typeof value === "boolean" || isSaver(value))),
  store: maybe(record),
  durability: maybe(oneOf("sync", "async", "exit")),
  onChartChange: maybe(oneOf("refuse", "resume")),
  clock: maybe(record),
  interruptBefore: maybe(either(Array.isArray, each(text), oneOf("*"))),
  interruptAfter: maybe(either(Array.isArray, each(text), oneOf("*"))),
  transformers: maybe(each(callable)),
});

const isSaver = (value: unknown): boolean => typeof value === "object" && value !== null && "getTuple" in value;

/** @throws InvalidDefinitionError for options of another form, and for a saver in their place. */
export function readOptions(options: CompileOptions): CompileOptions {
  const what = "compile()";
  if (!isSaver(options)) return readForm(what, options, OPTIONS);
  const message = "this is a saver and not an object of options; give compile({ checkpointer: saver })";
  throw new InvalidDefinitionError(what, [{ path: "checkpointer", code: "MISSING", message }]);
}

/** What the compiler needs of an orchestration. */
export interface Blueprint<F extends Fields> {
  readonly chart: Chart;
  readonly description: string | undefined;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly fields: F;
  readonly limits: Limits;
  /** Milliseconds for one run of a phase, by phase. */
  readonly timeouts: Readonly<Record<string, number>>;
}

/** Compiles a chart and its agents to a LangGraph graph: a node for each phase with an agent, an edge for each transition. */
export function compile<Phase extends string, F extends Fields>(
  blueprint: Blueprint<F>,
  options: CompileOptions,
): OrchestrationGraph<Phase, F> {
  const { chart, fields } = blueprint;
  const agents = new Map([...blueprint.agents].filter(([phase]) => chart.rests.has(phase))); // LangGraph refuses a node that nothing leads to; verify() reports it
  const clock = options.clock ?? systemClock;
  const stateKeys: ReadonlySet<string> = new Set(Object.keys(fields));
  const reducers = reducersOf(fields);
  const team: Team = {
    chart,
    limits: blueprint.limits,
    clock,
    stateKeys,
    reducers,
    budgets: new WeakMap(),
    directory: {
      agentOf: new Map([...agents].map(([phase, agent]) => [phase, agent.id])),
      descriptionOf: new Map([...agents].map(([phase, agent]) => [phase, agent.description])),
    },
  };
  const { durability, onChartChange } = options;
  const inherited: InheritedOptions = { durability, onChartChange, clock: options.clock };
  const state = new OrchestrationState(fields, new ControlChannel(chart, options.onChartChange ?? "refuse"));
  const builder = new StateGraph({ state, input: new OrchestrationInput(state, fields) }) as unknown as LooseGraph; // nodes are added in a loop, so their names are strings
  const ways = directWays(agents.keys());
  const inside = new Map<string, ReadInside>();
  const parts = new Map<string, Pick<PhaseRun, "subgraphs" | "workers">>();
  const mute: string[] = [];
  for (const [phase, agent] of agents) {
    const { run, subgraphs, workers, unfinished, takesTools } = agent.node({
      orchestration: chart.name,
      phase,
      agent: agent.id,
      options: inherited,
    });
    if (takesTools === false && handsOver(chart, phase)) mute.push(phase);
    if (unfinished !== undefined) inside.set(phase, unfinished);
    if (subgraphs !== undefined || workers !== undefined) parts.set(phase, { subgraphs, workers });
    const deadline = deadlineOf(blueprint.timeouts, phase);
    builder.addNode(phase, phaseNode(team, phase, limited(run, deadline)), {
      metadata: { agent: agent.id, phase },
      ...(subgraphs === undefined ? {} : { subgraphs }),
    });
  }
  if (mute.length > 0) throw cannotHandOver(chart, agents, mute);
  for (const phase of agents.keys()) {
    const route = routeFrom(chart, phase, ways);
    builder.addConditionalEdges(phase, route.path, route.pathMap);
  }
  const entry = routeFromStart(chart, ways);
  builder.addConditionalEdges(START, entry.path, entry.pathMap);
  const compiled = builder.compile({
    checkpointer: options.checkpointer,
    store: options.store,
    interruptBefore: options.interruptBefore,
    interruptAfter: options.interruptAfter,
    transformers: options.transformers,
    name: chart.name,
    description: blueprint.description,
  });
  const graph = guarded<Phase, F>(compiled, { chart, clock, stateKeys, reducers, agentOf: team.directory.agentOf, inside, parts });
  const config = {
    recursionLimit: MAX_SUPERSTEPS,
    ...(options.durability === undefined ? {} : { durability: options.durability }),
  };
  return graph.withConfig(config) as OrchestrationGraph<Phase, F>;
}

const handsOver = (chart: Chart, phase: string): boolean =>
  (chart.arrows.get(phase) ?? []).some(({ event }) => event.startsWith(EVENT.HANDOFF));

function cannotHandOver(chart: Chart, agents: ReadonlyMap<string, Agent>, phases: readonly string[]): InvalidDefinitionError {
  const message = (id: string | undefined): string =>
    `the chart lets "${id}" hand over from here, and its model cannot call tools (it has no bindTools); give it another model, or close its handoffs`;
  const issues = phases.map((phase) => ({ path: `agents.${phase}`, code: "NO_TOOLS", message: message(agents.get(phase)?.id) }));
  return new InvalidDefinitionError(`The orchestration "${chart.name}"`, issues);
}

function deadlineOf(timeouts: Readonly<Record<string, number>>, phase: string): Deadline | undefined {
  const milliseconds = Object.hasOwn(timeouts, phase) ? timeouts[phase] : undefined;
  return milliseconds === undefined ? undefined : { milliseconds, option: "timeout" };
}

/** The builder as a loop uses it. */
interface LooseGraph {
  addNode(name: string, node: unknown, options: Record<string, unknown>): unknown;
  addConditionalEdges(source: string, path: unknown, pathMap: Record<string, string>): unknown;
  compile(options: Record<string, unknown>): object;
}
