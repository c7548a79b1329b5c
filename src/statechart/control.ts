import type { AnyMachineSnapshot, StateValue } from "xstate";
import { freeze } from "../base/json.js";
import type { Chart, ChartPlace } from "./reading.js";
import { phaseName } from "./tree.js";

/** An update of the control channel. `meta` is stamped by the kernel, whoever sent the event. */
export interface ControlEvent {
  readonly type: string;
  readonly meta?: EventMeta;
  readonly [payload: string]: unknown;
}

export interface EventMeta {
  /** Who: an agent's id, `"user"` (run input) or `"api"` (state edit). */
  readonly by: string;
  /** In whose name the call came that sent it, as its caller says: `configurable.user_id`, or whom LangGraph's server has authenticated. */
  readonly user?: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** The phase whose agent sent it. */
  readonly phase?: string;
  /** What the agent used to get here. */
  readonly usage?: Usage;
  /** Id of the message after which the work was handed over to the sender. */
  readonly after?: string;
  /** Unique: what begins with the event is named after it. */
  readonly id?: string;
  /** True when the thread goes on from here on a branch of its own: a state edit, a replay, an input at an earlier checkpoint. */
  readonly forks?: true;
}

/** One stay in a phase. What its agent keeps outside the state, such as the threads of a fan-out, belongs to it and to no other. */
export interface Entry {
  /** Made when the phase was entered, kept while it is at work. Unique. */
  readonly visit: string;
  /** Made by a fork: what was under way by then belongs to the other branch. */
  readonly branch?: string;
  /** The turn in which it began. */
  readonly turn: number;
}

/** Counted per turn; an input sets all to zero. */
export interface Usage {
  readonly steps: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  /** Tasks of fan-outs that have begun, where there were any: each has an allowance of its own. */
  readonly tasks?: number;
}

/** One line of the audit trail. */
export interface TrailEntry {
  /** 1 for the thread's first transition; never reused. */
  readonly seq: number;
  /** Whose transition it is: a finished chart that begins again starts another episode. Missing in what earlier releases stored. */
  readonly episode?: number;
  readonly at: number;
  readonly by: string;
  /** Who sent it: the person in whose name the input, the edit or the answer came. Missing where nobody was named, and for what agents do. */
  readonly user?: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
  /** Set where a person answered what was asked (event `phasegraph.answer`). The chart does not move by it. */
  readonly answer?: Answered;
}

/** What was decided when a person was asked: for an approval, one of these for each tool call. Never arguments, never words. */
export interface Answered {
  /** The question's own: `"approval"`, `"human"`; `"question"` for what any other `interrupt()` asked. */
  readonly kind: string;
  /** Who asked, however deep inside. */
  readonly agent?: string;
  readonly phase?: string;
  /** The phase of this orchestration in which it was asked, where the one that asked is inside of it. */
  readonly within?: string;
  /** The task of a fan-out that asked. */
  readonly task?: string;
  /** The question: its nonce, or LangGraph's id where it has none. */
  readonly question?: string;
  readonly tool?: string;
  /** The id of the tool call. */
  readonly call?: string;
  readonly decision?: "approve" | "reject" | "edit";
}

/** An event that was not accepted: what, why, and what would have been. */
export interface Refusal {
  readonly at: number;
  readonly by: string;
  /** In whose name it was sent, as in {@link TrailEntry}. */
  readonly user?: string;
  readonly event: string;
  readonly phase: string;
  readonly why: string;
  readonly legal: readonly string[];
}

/** How the active phase was reached, for its agent. */
export interface Handover {
  readonly to: string;
  readonly from: string;
  readonly reason?: string;
  readonly summary?: string;
  readonly payload?: unknown;
}

/** The checkpointed state of the chart: plain JSON. Written only by {@link advance}. */
export interface Control extends ChartPlace {
  /** Version of this stored form. */
  readonly v: 1;
  readonly chart: { readonly name: string; readonly version: string; readonly fingerprint: string };
  /** Who works in the phases it is in, by id: a thread goes on under another chart only with them. Missing in what earlier releases stored. */
  readonly agents?: Readonly<Record<string, string>>;
  /** Counts from 1; a finished chart that begins again starts the next one. */
  readonly episode: number;
  /** Counts inputs. */
  readonly turn: number;
  readonly usage: Usage;
  readonly seq: number;
  readonly trail: readonly TrailEntry[];
  readonly refusals: number;
  /** The last ten. */
  readonly refused: readonly Refusal[];
  readonly handover?: Handover;
  /** Id of the message after which it happened, empty when there was none; known from the receiver's first event on. */
  readonly handedAfter?: string;
  /** The stay in each active phase. Absent in threads of older releases until they go on. */
  readonly entries?: Readonly<Record<string, Entry>>;
  /** Who wrote last, which phases start because of it, and whether it was refused; only routing reads it. */
  readonly last: { readonly phase?: string; readonly event: string; readonly starts: readonly string[]; readonly refused?: true };
}

/** Nothing counted yet. */
export const NO_USAGE: Usage = { steps: 0, modelCalls: 0, toolCalls: 0 };

/** The control state of a thread on which nothing has happened. */
export function initialControl(chart: Chart): Control {
  const { name, version, fingerprint } = chart;
  return freeze({
    v: 1,
    chart: { name, version, fingerprint },
    ...stored(chart.initial),
    waiting: [],
    ...agentsIn(chart, activePhases(chart, chart.initial)),
    episode: 1,
    turn: 0,
    usage: NO_USAGE,
    seq: 0,
    trail: [],
    refusals: 0,
    refused: [],
    last: { event: "", starts: activePhases(chart, chart.initial) },
  });
}

/** What of a snapshot is stored: plain JSON that XState can resolve again. */
export function stored(snapshot: AnyMachineSnapshot): Pick<Control, "value" | "context" | "history" | "done"> {
  const history = Object.entries((snapshot.historyValue ?? {}) as Record<string, { id: string }[]>);
  return {
    value: snapshot.value as StateValue,
    context: snapshot.context as Record<string, unknown>,
    ...(history.length === 0 ? {} : { history: Object.fromEntries(history.map(([id, nodes]) => [id, nodes.map((node) => node.id)])) }),
    done: snapshot.status === "done",
  };
}

/** The phases a snapshot is in; none when it is done. */
export function activePhases(chart: Chart, snapshot: AnyMachineSnapshot): string[] {
  if (snapshot.status === "done") return [];
  return snapshot._nodes
    .filter((node) => node.type === "atomic")
    .map(phaseName)
    .filter((name) => chart.phases.has(name));
}

/** Who works in these phases, as control states keep it. */
export function agentsIn({ agentIds }: Chart, phases: readonly string[]): Pick<Control, "agents"> {
  if (agentIds.size === 0) return {};
  return { agents: Object.fromEntries(phases.flatMap((phase) => (agentIds.has(phase) ? [[phase, agentIds.get(phase) ?? ""]] : []))) };
}

/** A state value in one line: `intake`, `review.security.checking, review.style.done`. */
export function valueLabel(value: StateValue): string {
  if (typeof value === "string") return value;
  return Object.entries(value)
    .flatMap(([key, inner]) =>
      inner === undefined
        ? []
        : valueLabel(inner) === ""
          ? [key]
          : valueLabel(inner)
              .split(", ")
              .map((label) => `${key}.${label}`),
    )
    .join(", ");
}
