import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { z } from "zod";
import type { Clock } from "../base/clock.js";
import type { Control, Handover } from "../statechart/control.js";
import type { Budget } from "./budget.js";
import type { Next, Outcome } from "./outcome.js";
import type { TaskRecords } from "./task.js";

/** Where an agent is put to work: known when the orchestration is compiled. */
export interface Place {
  readonly orchestration: string;
  readonly phase: string;
  readonly agent: string;
  /** How the orchestration around was compiled: what an agent compiles inside obeys the same. */
  readonly options?: InheritedOptions;
}

/** Options of `compile` that hold for whatever is nested too. */
export interface InheritedOptions {
  readonly durability?: "sync" | "async" | "exit" | undefined;
  readonly onChartChange?: "refuse" | "resume" | undefined;
  readonly clock?: Clock | undefined;
}

/** A handoff that the chart accepts now. */
export interface HandoffTarget {
  /** What to ask for: the `<target>` of `HANDOFF.<target>`. */
  readonly target: string;
  /** The agent that will work there, when one is bound. */
  readonly agent: string | undefined;
  readonly description: string | undefined;
}

/** What an agent left behind in a phase, as `results[phase]`. */
export interface Result {
  readonly agent: string;
  readonly phase: string;
  readonly episode: number;
  readonly at: number;
  readonly status: "ok" | "failed";
  readonly content: string;
  readonly data?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** A tool that a pattern gives an agent for its turn. It computes its answer from its arguments, without effects. */
export interface PatternTool {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType<object>;
  /** Called with arguments that the schema has read. */
  answer(args: object, call: ToolCall): PatternAnswer;
}

/** What a pattern's tool answers, and what follows when the turn is to end with it. */
export interface PatternAnswer {
  readonly content: string;
  /** Plain JSON, kept with the tool message. */
  readonly artifact?: unknown;
  readonly next?: Next;
  /** What the agent says, word for word, when the turn ends with this. */
  readonly reply?: string;
}

/** One turn of one agent: everything it may look at. Nothing here can be written to; what it returns is the only way out. */
export interface Turn<State = object> extends Place {
  /** The thread's messages, oldest first. */
  readonly messages: readonly BaseMessage[];
  readonly state: Readonly<State>;
  /** What the phases of this episode left behind, by phase. */
  readonly results: Readonly<Record<string, Result>>;
  /** What this phase left behind when it last came to an end, in whatever episode. */
  readonly previous?: Result | undefined;
  /** How the work got here, when it was handed over. */
  readonly handover: Handover | undefined;
  readonly control: Control;
  /** The task of a fan-out that this turn carries out. */
  readonly task?: { readonly id: string; readonly data?: unknown };
  /** Tools the pattern gives its agent beside its own, such as those to delegate with. */
  readonly tools?: readonly PatternTool[];
  /** What is known of the tasks of fan-outs in this thread. */
  readonly tasks: TaskRecords;
  /** True when a reply here goes to the user and the phase waits for the next input. */
  readonly waits: boolean;
  /** Event types the chart accepts from this phase now. */
  legal(): readonly string[];
  /** True when the chart accepts this event from here now, payload included. */
  can(event: { readonly type: string; readonly [payload: string]: unknown }): boolean;
  /** Why the chart would refuse this event from here now; undefined when it would accept it. */
  refusal(event: { readonly type: string; readonly [payload: string]: unknown }): string | undefined;
  /** Handoffs the chart accepts from this phase now. */
  handoffs(): readonly HandoffTarget[];
  readonly budget: Budget;
  readonly clock: Clock;
  /** LangGraph's configuration of this node run: callbacks, signal, store, thread. Pass it on to what you call. */
  readonly config: RunnableConfig;
}

/** Runs one turn. */
export type Runner<State = object> = (turn: Turn<State>) => Promise<Outcome<State>>;

/** How a phase runs inside LangGraph. */
export interface PhaseRun<State = object> {
  readonly run: Runner<State>;
  /** Graphs that run inside, for LangGraph's pictures and sub-state. */
  readonly subgraphs?: readonly unknown[] | undefined;
  /** Where tasks run in the thread by themselves: the graph that each worker's do, by its id. */
  readonly workers?: ReadonlyMap<string, unknown> | undefined;
  /** A function and nothing more: as a worker it needs no thread of its own. */
  readonly plain?: boolean | undefined;
  /** A turn is one call of a model: between its beginning and its end there is nothing to store. */
  readonly brief?: boolean | undefined;
  /** A turn calls a model at least once. */
  readonly callsModel?: boolean | undefined;
  /** Makes use of `turn.tools`. `false`: it cannot call any, those to hand over with neither. */
  readonly takesTools?: boolean | undefined;
  /**
   * Where the agent is a graph that stores its own steps: what it added to the conversation, read from its state, when its turn
   * never came to its end. `known` is the conversation before that turn.
   */
  readonly unfinished?: ((values: unknown, known: readonly BaseMessage[]) => BaseMessage[]) | undefined;
}

/**
 * Anything that can work in a phase: made by `agent()`, `human()`, or an orchestration. The kernel knows only this; how a turn
 * runs is the node's own business.
 */
export interface Agent<Id extends string = string, State = object> {
  readonly id: Id;
  /** One line for those who may hand work over to it. */
  readonly description?: string | undefined;
  /** Called once per phase at compile time. */
  readonly node: (place: Place) => PhaseRun<State>;
  /** Who works inside of it: the workers of a fan-out, a supervisor that looks at each turn. Seen from outside, never called. */
  readonly members?: readonly Member[] | undefined;
  /** The agent that this one is, where a pattern has put something between itself and it. */
  readonly wraps?: Pick<Agent, "id" | "description" | "members" | "manifest" | "wraps"> | undefined;
  /** What is known of it without running it. */
  readonly manifest?: Manifest | undefined;
}

/** Somebody who works inside an agent. */
export interface Member {
  readonly agent: Pick<Agent, "id" | "description" | "members" | "manifest" | "wraps">;
  /** Who does work of its own there, or who looks at the work of others. */
  readonly as: "worker" | "observer";
  /** Of these, at work at once at most. Default: unknown. */
  readonly most?: number;
}

/** A least and a greatest value. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What an agent says of itself, for checks and pictures of a whole team. Nothing here is enforced. */
export interface Manifest {
  /** What it can do, in words of your own: `"research"`. */
  readonly capabilities?: readonly string[];
  /** The events it can end a turn with. Default: `DONE` and the handoffs. */
  readonly sends?: readonly string[];
  /** What one turn takes. */
  readonly estimate?: { readonly modelCalls?: Range; readonly milliseconds?: Range; readonly cost?: Range };
  /** By tool: labels of what may not steer its arguments, and what one call spends. */
  readonly tools?: Readonly<Record<string, { readonly distrusts?: readonly string[]; readonly spend?: number }>>;
  /** Labels of what it brings into the conversation: `"web"`. */
  readonly brings?: readonly string[];
  /** By event: the labels it takes away with it, because it has looked at the work. */
  readonly vouches?: Readonly<Record<string, readonly string[]>>;
}

/** Agent ids are URL-safe and fit every model provider's `name` field. */
export const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
