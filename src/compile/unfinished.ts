import type { BaseCheckpointSaver, CheckpointTuple, StateSnapshot } from "@langchain/langgraph";
import type { BaseMessage } from "@langchain/core/messages";
import type { PhaseRun } from "../agent/agent.js";
import { isStoredPiece, once, type StoredPiece } from "../agent/work.js";
import type { Clock } from "../base/clock.js";
import { isPlainObject } from "../base/json.js";
import { repairHistory } from "../handoff/history.js";
import { pendingOf, stateInside, storedInput, type Pending } from "../langgraph/pending.js";
import type { Chart } from "../statechart/chart.js";
import type { Control } from "../statechart/control.js";
import { phasesOf } from "../statechart/legal.js";
import { spokenBy } from "./spoken.js";

/** Reads the messages that the graph inside a phase added, from its own state. */
export type ReadInside = NonNullable<PhaseRun["unfinished"]>;

/** What is needed to find the work of a turn that never came to its end. */
export interface Finder {
  readonly chart: Chart;
  readonly clock: Clock;
  readonly agentOf: ReadonlyMap<string, string>;
  /** Phases in which a graph runs that stores its own steps. */
  readonly inside: ReadonlyMap<string, ReadInside>;
  readonly saver: BaseCheckpointSaver;
  /** The thread's state with that of the graphs inside. */
  readonly load: () => Promise<StateSnapshot>;
}

/** An update of the state that puts finished work into it. */
export type Leftover = Readonly<Record<string, unknown>>;

/**
 * What a thread's last turn had finished when it ended before its end: an error, a stop, a limit, a dead process, a question that
 * nobody answered. A new input would make LangGraph drop it, and the same tools would run again. Costs a look at the loaded
 * checkpoint where nothing is left.
 * @returns undefined when nothing is left; else updates to be written as one checkpoint, which may be none: branches that are done
 * beside one that is not are written by LangGraph itself.
 */
export async function leftovers(finder: Finder, tuple: CheckpointTuple): Promise<readonly Leftover[] | undefined> {
  const pending = pendingOf(tuple);
  const input = storedInput(tuple);
  const done = donePhases(pending);
  const pieces = pending.returned.filter(isStoredPiece).filter(({ piece }) => !done.has(piece.phase));
  const opened = graphsAtWork(finder, tuple).filter((phase) => !done.has(phase));
  const { isAhead } = pending;
  if (input === undefined && done.size === 0 && pieces.length === 0 && opened.length === 0 && !isAhead) return undefined;
  const state = await finder.load();
  const known = (state.values as { readonly messages?: readonly BaseMessage[] }).messages ?? [];
  const found: Leftover[] = [];
  for (const { id, name: phase, ...task } of state.tasks) {
    if (done.has(phase)) continue;
    const own = pieces.filter(({ piece }) => piece.phase === phase).toSorted((one, other) => one.piece.order - other.piece.order);
    const read = finder.inside.get(phase);
    const nested = read === undefined ? [] : await saidInside(finder.saver, { id, name: phase, ...task }, (values) => read(values, known));
    const said = once([...own.flatMap((piece) => piece.said), ...nested]);
    if (said.length === 0) continue;
    const why = pending.waits(id) ? WITHDRAWN : notExecuted(pending.errorOf(id)?.name);
    const agent = finder.agentOf.get(phase) ?? phase;
    found.push({
      ...updatesOf(own),
      messages: spokenBy({ agent, phase, recipient: "team", clock: finder.clock }, repairHistory(said, why)),
    });
  }
  const begun = isPlainObject(input) ? [input] : [];
  return found.length === 0 && begun.length === 0 && done.size === 0 && !isAhead ? undefined : [...begun, ...found];
}

/** Phases whose writes are stored, in a step in which another's are not. */
function donePhases(pending: Pending): ReadonlySet<string> {
  const events = [...pending.writtenTo("control").values()] as { readonly meta?: { readonly phase?: string } }[]; // written by phase nodes
  return new Set(events.flatMap(({ meta }) => (meta?.phase === undefined ? [] : [meta.phase])));
}

/** Phases that are due and hold a graph: it may have finished steps of which this checkpoint knows nothing. */
function graphsAtWork({ chart, inside }: Finder, { checkpoint }: CheckpointTuple): string[] {
  if (inside.size === 0) return [];
  const control = checkpoint.channel_values["control"] as Control | undefined; // its trail, which is not looked at, has another form
  if (!isPlainObject(control?.chart) || control.chart.fingerprint !== chart.fingerprint || control.done) return [];
  return phasesOf(chart, control).filter((phase) => inside.has(phase) && !control.waiting.includes(phase));
}

/** What the graph inside a node said, and the graphs in that one; with what was finished of its last step. */
async function saidInside(
  saver: BaseCheckpointSaver,
  task: StateSnapshot["tasks"][number],
  read: (values: unknown) => BaseMessage[],
): Promise<BaseMessage[]> {
  const state = stateInside(task);
  if (state === undefined) return [];
  const tuple = await saver.getTuple(state.config);
  const written = tuple === undefined ? [] : [...pendingOf(tuple).writtenTo("messages").values()].flat();
  const { messages = [] } = state.values as { readonly messages?: readonly BaseMessage[] };
  const deeper: BaseMessage[] = [];
  for (const inner of state.tasks) deeper.push(...(await saidInside(saver, inner, read)));
  return once([...read({ messages: [...messages, ...written] }), ...deeper]);
}

const updatesOf = (pieces: readonly StoredPiece[]): Readonly<Record<string, unknown>> =>
  Object.assign({}, ...pieces.map(({ update }) => update ?? {})) as Record<string, unknown>;

/** The answer to a call that waited for a person, when something else came instead. */
const WITHDRAWN = "Not executed: it waited for a person's answer, and a new message came instead. Ask again if it is still wanted.";

/** Errors that end a turn in the middle of a call. */
const IN_THE_MIDDLE: ReadonlySet<string | undefined> = new Set([
  undefined,
  "AbortError",
  "StepTimeoutError",
  "TimeoutError",
  "NodeTimeoutError",
]);

/** The answer to a call without a result in a turn that ended early. Of the error the name alone: its message may hold secrets. */
export function notExecuted(error: string | undefined): string {
  const name = error?.replaceAll(/[^\w.$-]/g, "").slice(0, 60);
  if (!IN_THE_MIDDLE.has(name)) return `Not executed: the turn ended before this call (${name || "an error"}).`;
  const why = name === undefined || name === "AbortError" ? "it was stopped, or its process ended" : name;
  return `Not executed, or not to its end: the turn ended early (${why}). Whether this call took effect is not known.`;
}
