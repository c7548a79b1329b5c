import { eitherSignal, openAbort } from "../base/abort.js";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import { soundError } from "../base/shown-error.js";
import { keyOf, placesOf } from "../langgraph/namespace.js";
import { isOfModel, placesAround, type Spoken } from "../langgraph/spoken.js";
import { questionsIn } from "../langgraph/question.js";
import type { BaseState, Fields } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import type { Control, ControlEvent, Refusal, TrailEntry } from "../statechart/control.js";
import { phasesOf } from "../statechart/legal.js";
import { BOOKKEEPING, EVENT } from "../statechart/vocabulary.js";
import { OrchestrationGraph } from "./graph.js";

/** Where an event of a run happened: the phases around it, outermost first; empty for the orchestration itself. */
interface Within {
  readonly within: readonly string[];
}

/** How a run ended. Exactly one comes, and it comes last. */
export type TerminalEvent =
  /** The chart reached its end. */
  | { readonly type: "orchestration.completed"; readonly control: Control }
  /** The next word is somebody else's: a user's, or an event from outside. */
  | { readonly type: "orchestration.waiting"; readonly control: Control; readonly phases: readonly string[] }
  /** Agents asked; `Command({ resume })` answers. Without questions it stopped at an `interruptBefore` or `interruptAfter`. */
  | { readonly type: "orchestration.interrupted"; readonly questions: readonly { readonly id?: string; readonly value?: unknown }[] }
  /** It threw, was stopped, met a limit, or the watcher left. */
  | { readonly type: "orchestration.failed"; readonly error: Error };

/**
 * A piece of what a model says, as it comes; a model that does not stream says it in one piece. Also from workers, which
 * are phases of their own within that of the fan-out. What agents say is told whole by `message.added`, under the same `id`.
 */
export interface TokenEvent extends Within {
  readonly type: "token";
  readonly phase: string;
  readonly agent: string;
  /** The task of a fan-out that the worker is at. */
  readonly task?: string;
  /** The id of the message it is a piece of. */
  readonly id: string;
  readonly text: string;
}

/** What happens in a run. Those with `within` also come from nested orchestrations. */
export type RunEvent =
  | { readonly type: "orchestration.started"; readonly orchestration: string }
  | (Within & { readonly type: "phase.entered"; readonly phase: string; readonly agent: string })
  | (Within & { readonly type: "phase.completed"; readonly phase: string; readonly agent: string; readonly event: ControlEvent })
  | (Within & { readonly type: "message.added"; readonly phase: string; readonly message: BaseMessage })
  | TokenEvent
  | (Within & TrailEntry & { readonly type: "orchestration.handoff_completed" | "orchestration.transitioned" | "orchestration.answered" })
  | (Within & Refusal & { readonly type: "orchestration.event_refused" })
  | TerminalEvent;

/** A run as events. */
export interface Watched extends AsyncIterable<RunEvent> {
  /** The terminal event, also when the watcher left before it. Pending until somebody iterates. */
  readonly ended: Promise<TerminalEvent>;
}

/** A piece of LangGraph's stream: the graphs around, `["parts:<id>", …]`, then what it is. */
type Chunk =
  | readonly [namespace: readonly string[], mode: "tasks" | "values", payload: Record<string, unknown>]
  | readonly [namespace: readonly string[], mode: "messages", payload: Said];

/**
 * Runs a graph and tells what happens, ending in exactly one terminal event: an error is the event `orchestration.failed`, never
 * thrown. Leaving the loop early stops the run. `input` and `config` are those of `graph.stream`.
 * @example
 * for await (const event of watch(graph, { messages }, { configurable: { thread_id: "42" } })) console.log(event.type);
 */
export function watch<Phase extends string, F extends Fields>(
  graph: OrchestrationGraph<Phase, F>,
  input: Parameters<OrchestrationGraph<Phase, F>["stream"]>[0],
  config: LangGraphRunnableConfig = {},
): Watched {
  let settle: (event: TerminalEvent) => void;
  const ended = new Promise<TerminalEvent>((resolve) => (settle = resolve));
  const stop = openAbort(); // leaving LangGraph's stream does not stop its run
  const signal = eitherSignal(stop.signal, config.signal);
  async function* run(): AsyncGenerator<RunEvent> {
    let end: TerminalEvent | undefined;
    let chunks: AsyncIterator<unknown> | undefined;
    try {
      yield { type: "orchestration.started", orchestration: graph.chart.name };
      const reader = new Reader(chartsOf(graph as unknown as OrchestrationGraph)); // only its charts are read
      const stream = await graph.stream(input, { ...config, signal, subgraphs: true, streamMode: ["tasks", "values", "messages"] });
      chunks = stream[Symbol.asyncIterator]() as AsyncIterator<unknown>;
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield* reader.read(next.value as Chunk); // what these options make of a chunk
      end = reader.interrupted ?? ending(graph.chart, reader.control ?? (await storedControl(graph, config)));
    } catch (error) {
      end = { type: "orchestration.failed", error: soundError(error) };
    } finally {
      end ??= { type: "orchestration.failed", error: new DOMException("The watcher left before the run had ended.", "AbortError") };
      stop.abort(end.type === "orchestration.failed" ? end.error : undefined);
      if (end.type === "orchestration.failed") await readToEnd(chunks);
      settle(end);
    }
    yield end;
  }
  return Object.assign(run(), { ended });
}

/** What still comes of a run that is stopped: to a stream that is closed its tokens would be an error of LangChain's. */
async function readToEnd(chunks: AsyncIterator<unknown> | undefined): Promise<void> {
  try {
    while (chunks !== undefined && (await chunks.next()).done !== true);
  } catch {
    // how the run ended has been told
  }
}

/** Turns LangGraph's stream into events. Keeps how much of each trail was told. */
class Reader {
  control: Control | undefined;
  interrupted: TerminalEvent | undefined;
  private readonly told = new Map<string, { seq: number; refusals: number }>();

  constructor(private readonly charts: ReadonlyMap<string, Chart>) {}

  *read([namespace, mode, payload]: Chunk): Generator<RunEvent> {
    if (mode === "messages") {
      yield* tokenEvents(payload);
      return;
    }
    const within = placesOf(namespace);
    const chart = this.charts.get(keyOf(within));
    if (chart === undefined) return; // inside an agent that is a graph of another kind
    if (mode === "tasks") {
      yield* taskEvents(chart, within, payload as unknown as Task); // LangGraph's own form
      return;
    }
    const isRoot = namespace.length === 0;
    const questions = isRoot ? questionsIn(payload) : undefined;
    if (questions !== undefined) this.interrupted = { type: "orchestration.interrupted", questions };
    const { control } = payload as Partial<BaseState>;
    if (control === undefined) return;
    if (isRoot) this.control = control;
    yield* this.news(keyOf(namespace), within, control);
  }

  /** What was added to the trail and to the refusals since. The first look at a thread tells nothing of its past but this input's. */
  private *news(key: string, within: readonly string[], control: Control): Generator<RunEvent> {
    const { seq, refusals } = this.told.get(key) ?? { seq: control.seq, refusals: control.refusals };
    this.told.set(key, { seq: control.seq, refusals: control.refusals });
    for (const entry of control.trail.filter((line) => line.seq > seq)) {
      yield { type: typeOf(entry), within, ...entry };
    }
    const added = control.refusals - refusals;
    for (const refusal of added === 0 ? [] : control.refused.slice(-added))
      yield { type: "orchestration.event_refused", within, ...refusal };
  }
}

function typeOf({
  event,
  answer,
}: TrailEntry): "orchestration.handoff_completed" | "orchestration.transitioned" | "orchestration.answered" {
  if (answer !== undefined) return "orchestration.answered";
  return event.startsWith(EVENT.HANDOFF) ? "orchestration.handoff_completed" : "orchestration.transitioned";
}

/** A message or a piece of one, and what LangGraph and the compiler say of the node it is of. */
type Said = readonly [
  message: BaseMessage,
  metadata: Spoken & { readonly agent?: string; readonly phase?: string; readonly task?: string },
];

function* tokenEvents([message, metadata]: Said): Generator<RunEvent> {
  const { agent, phase, task } = metadata;
  if (agent === undefined || phase === undefined || !isOfModel(metadata) || message.text === "") return;
  const said = { type: "token", within: placesAround(metadata, phase), phase, agent, id: message.id ?? "", text: message.text } as const;
  yield task === undefined ? said : { ...said, task };
}

interface Task {
  readonly name: string;
  readonly metadata?: { readonly agent?: string };
  readonly input?: Partial<BaseState>;
  readonly result?: { readonly control?: ControlEvent; readonly messages?: BaseMessage | readonly BaseMessage[] };
}

function* taskEvents(chart: Chart, within: readonly string[], task: Task): Generator<RunEvent> {
  const phase = task.name;
  const control = task.input?.control;
  if (control !== undefined) {
    const works = phasesOf(chart, control).includes(phase) && !control.waiting.includes(phase);
    if (works) yield { type: "phase.entered", within, phase, agent: task.metadata?.agent ?? phase };
  }
  const event = task.result?.control;
  if (event === undefined || event.type === BOOKKEEPING.ENTER) return;
  for (const message of [task.result?.messages ?? []].flat() as BaseMessage[]) yield { type: "message.added", within, phase, message };
  yield { type: "phase.completed", within, phase, agent: event.meta?.by ?? phase, event };
}

function ending(chart: Chart, control: Control): TerminalEvent {
  return control.done
    ? { type: "orchestration.completed", control }
    : { type: "orchestration.waiting", control, phases: phasesOf(chart, control) };
}

async function storedControl(graph: { getState(config: object): Promise<{ values: unknown }> }, config: object): Promise<Control> {
  return ((await graph.getState(config)).values as BaseState).control;
}

/** The charts of the graph and of the orchestrations in it, by the phases around them: `"parts|text"`. */
function chartsOf(graph: OrchestrationGraph): Map<string, Chart> {
  const charts = new Map([["", graph.chart]]);
  for (const [name, inner] of graph.getSubgraphs(undefined, true)) {
    if (inner instanceof OrchestrationGraph) charts.set(name, inner.chart);
  }
  return charts;
}
