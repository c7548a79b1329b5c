import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { mergeConfigs, type RunnableConfig } from "@langchain/core/runnables";
import { isGraphBubbleUp, isParentCommand, type ParentCommand } from "@langchain/langgraph";
import type { PhaseRun, Turn } from "../src/agent/agent.js";
import type { Outcome } from "../src/agent/outcome.js";
import { WORK } from "../src/agent/work.js";
import { InvalidDefinitionError, PhasegraphError } from "../src/base/errors.js";
import { callable, flag, maybe, number, oneOf, something, text, type Form } from "../src/base/form.js";
import { soundError } from "../src/base/shown-error.js";
import { outcomeOfCommand } from "../src/compile/command.js";
import { BUDGET } from "../src/compile/phase-node.js";
import { saverOf } from "../src/langgraph/config.js";
import { HISTORY, type HistoryView } from "../src/handoff/history.js";
import { historyFor } from "../src/handoff/history-for.js";
import { joined, knownIds, messagesOf, newMessages, signed, withResults } from "./graph-messages.js";
import { openMeter, type Meter } from "./graph-meter.js";
import { readGraph, type AnyGraph, type GraphValues, type Prepared, type Source, type ValuesOf } from "./graph-source.js";
import { acceptedHandoff, HANDOFF_POLICY, withoutEnd, type HandoffPolicy } from "./handoff-middleware.js";
import { withTurn } from "./idempotency.js";
import { TURN_LIMITS, type TurnLimits } from "./model-agent.js";

/**
 * A graph as an agent: a compiled LangGraph graph, a LangChain `createAgent` agent with all its middleware, or a `RemoteGraph`.
 * It sees the thread's messages and gives back what it added; nothing else of the team's state reaches it.
 */
export interface GraphAgent<Id extends string, State, Graph extends AnyGraph = AnyGraph> extends HandoffPolicy {
  readonly id: Id;
  readonly description?: string;
  readonly graph: Graph;
  /** What the graph is given. Default: `{ messages }`, with the hand-over note at their end. */
  readonly input?: (turn: Turn<State>) => object;
  /** What its result means; not asked when the agent handed over. Default: its new messages are the reply, its `structuredResponse` the `data`. */
  readonly output?: (values: ValuesOf<Graph>, turn: Turn<State>) => Outcome<State>;
  /** How much of the conversation the graph sees. Default `"full"`. */
  readonly history?: HistoryView;
  /** `"turn"`: the graph begins anew each turn. `"thread"`: it keeps its state between turns where threads are stored. Default: `"turn"`, or what the graph was compiled for. A remote graph always keeps it. */
  readonly memory?: "turn" | "thread";
  /** Offer our handoff tool to a `createAgent` agent. Default `true`, unless it has a handoff tool of langgraph-swarm. */
  readonly handoffs?: boolean;
  /** Supersteps the graph may take in one turn. Default: the graph's own, else 100. */
  readonly recursionLimit?: number;
  /** Of one turn; a remote graph's own calls are not seen. Default: 300,000 milliseconds, and what is left of the orchestration's limits. */
  readonly limits?: TurnLimits;
}

export const GRAPH_AGENT: Form<GraphAgent<string, never>> = {
  ...HANDOFF_POLICY,
  id: text,
  description: maybe(text),
  graph: something,
  input: maybe(callable),
  output: maybe(callable),
  history: maybe(HISTORY),
  memory: maybe(oneOf("turn", "thread")),
  handoffs: maybe(flag),
  recursionLimit: maybe(number),
  limits: maybe(TURN_LIMITS),
};

const RECURSION_LIMIT = 100;

/** @throws InvalidDefinitionError for what is no graph, and for a graph without `messages` when `input` or `output` is missing. */
export function graphRun<State, Graph extends AnyGraph>(agent: GraphAgent<string, State, Graph>): PhaseRun<State> {
  const source = readGraph(agent.graph, agent);
  requireMessages(agent, source);
  const remembers = agent.memory === undefined ? source.remembers : agent.memory === "thread";
  const usual = source.prepare(remembers ? true : undefined);
  let unstored: Prepared | undefined; // a graph with memory cannot run where nothing is stored
  return {
    subgraphs: [usual.graph],
    unfinished: (values, known) => unfinishedIn(agent.id, values, new Set(known.flatMap(({ id }) => id ?? []))),
    run: async (turn) => {
      const stored = saverOf(turn.config) !== undefined;
      const prepared = stored || !remembers ? usual : (unstored ??= source.prepare(undefined));
      const meter = openMeter(turn, agent.limits);
      try {
        const recursionLimit = agent.recursionLimit ?? source.config?.recursionLimit ?? RECURSION_LIMIT;
        return await runGraph(agent, turn, { stream: prepared.stream, handsOff: source.handsOff, meter, recursionLimit });
      } catch (error) {
        throw meter.exceeded() ?? ownError(soundError(error));
      } finally {
        meter.close();
      }
    },
  };
}

/** What one turn of a graph runs with. */
interface Engine extends Pick<Prepared, "stream">, Pick<Source, "handsOff"> {
  readonly meter: Meter;
  readonly recursionLimit: number;
}

async function runGraph<State, Graph extends AnyGraph>(
  agent: GraphAgent<string, State, Graph>,
  turn: Turn<State>,
  { stream, handsOff, meter, recursionLimit }: Engine,
): Promise<Outcome<State>> {
  const given = givenMessages(agent, turn);
  const known = knownIds(turn, given);
  const { signal: _replaced, ...inherited } = turn.config;
  const config = mergeConfigs(inherited, {
    signal: meter.signal,
    callbacks: [meter.handler],
    recursionLimit,
    configurable: { ...withTurn(turn as Turn), ...BUDGET.as(meter.budget) },
  }) as RunnableConfig & Record<string, unknown>; // what it merged
  let values: unknown;
  WORK.of(turn.config)?.follow(() => unfinishedIn(agent.id, values, known));
  try {
    for await (const state of await stream(agent.input?.(turn) ?? { messages: given }, { ...config, streamMode: "values" })) values = state;
  } catch (thrown) {
    const error = soundError(thrown);
    const over = meter.exceeded();
    if (over !== undefined || !isParentCommand(error)) throw error;
    return jumped(turn, (error as ParentCommand).command, { said: newMessages(messagesOf(values), known), results: meter.results });
  }
  const over = meter.exceeded();
  if (over !== undefined) throw over;
  const outcome = outcomeOf<State>(turn.agent, values, known);
  const next = handsOff ? acceptedHandoff(outcome.messages ?? []) : undefined;
  if (next !== undefined) return { ...outcome, next };
  return agent.output === undefined ? withLastWords(outcome) : agent.output(values as ValuesOf<Graph>, turn); // the last of a graph's values is what it returns
}

/** The messages of the thread as the graph is to see them. */
export function givenMessages<State>(agent: Pick<GraphAgent<string, State>, "history">, turn: Turn<State>): BaseMessage[] {
  return historyFor(turn, agent.history);
}

/** What a graph's state says by itself: a reply. */
export function outcomeOf<State>(id: string, values: unknown, known: ReadonlySet<string>): Outcome<State> {
  const { structuredResponse } = (values ?? {}) as GraphValues; // every field may be missing
  const added = signed(newMessages(messagesOf(values), known), id);
  return {
    messages: withoutEnd(added),
    ...(structuredResponse === undefined ? {} : { data: structuredResponse }),
    next: { kind: "done" },
  };
}

/** What a graph had said and done when its turn ended before its end: not what it was told, by its input or on its way. */
function unfinishedIn(id: string, values: unknown, known: ReadonlySet<string>): BaseMessage[] {
  const own = newMessages(messagesOf(values), known).filter((message) => AIMessage.isInstance(message) || ToolMessage.isInstance(message));
  return withoutEnd(signed(own, id));
}

/** A tool whose answer is final (`returnDirect`) had the last word in the graph: the agent says it to the team. */
function withLastWords<State>(outcome: Outcome<State>): Outcome<State> {
  const last = outcome.messages?.at(-1);
  return ToolMessage.isInstance(last) && last.status !== "error" ? { ...outcome, content: last.text } : outcome;
}

/** A jump out of the graph, as langgraph-swarm's handoff tools make it: a wish, with everything that was said and done before it. */
function jumped<State>(
  turn: Turn<State>,
  command: ParentCommand["command"],
  before: { readonly said: readonly BaseMessage[]; readonly results: readonly ToolMessage[] },
): Outcome<State> {
  const { messages = [], update, ...rest } = outcomeOfCommand(command, turn.agent, turn.messages);
  const { activeAgent, ...own } = { ...update } as Record<string, unknown>; // langgraph-swarm's own bookkeeping; the chart has it here
  const kept = "activeAgent" in (turn.state as object) ? { ...own, activeAgent } : own;
  const all = withResults(joined(before.said, messages), before.results);
  return { ...rest, messages: signed(all, turn.agent), update: kept as NonNullable<Outcome<State>["update"]> }; // keys are checked by the kernel
}

/** The error of ours inside one that a middleware of LangChain was wrapped in; any other as it is. */
function ownError(error: unknown): unknown {
  if (isGraphBubbleUp(error)) return error;
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (PhasegraphError.is(inner)) return inner;
  return error;
}

function requireMessages(agent: { readonly id: string; readonly input?: unknown; readonly output?: unknown }, { channels }: Source): void {
  if ("messages" in channels) return;
  const missing = (["input", "output"] as const).filter((mapper) => agent[mapper] === undefined);
  if (missing.length === 0) return;
  throw new InvalidDefinitionError(
    `Agent "${agent.id}"`,
    missing.map((path) => ({
      path,
      code: "AGENT_GRAPH",
      message: `the graph's state has no "messages"; say how a turn becomes its input, and its values an outcome`,
    })),
  );
}
