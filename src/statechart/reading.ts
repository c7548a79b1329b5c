import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, StateValue } from "xstate";
import type { z } from "zod";
import type { Json } from "../base/json.js";
import { covers } from "./descriptor.js";
import type { Arrows, Edge } from "./edges.js";
import type { Phase } from "./tree.js";
import { isOfKernel, EVENT } from "./vocabulary.js";

/** Payload schemas by event type. An event without one may carry any plain JSON. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>;

/** How a machine becomes a chart. */
export interface ChartOptions {
  readonly name: string;
  /** Your own version of the definition; shown in errors and stored in every thread. Default `"1"`. */
  readonly version?: string | undefined;
  readonly events?: EventSchemas | undefined;
  /** What a new input does when the chart has reached its end: begin again, or be refused. Default `"restart"`. */
  readonly whenDone?: "restart" | "refuse" | undefined;
  /** Transitions kept in the trail. Default 1,000, limit 100,000; the newest stay. */
  readonly trailLimit?: number | undefined;
  /** Part of the fingerprint beside the machine: which agent works in which phase. */
  readonly bindings?: Readonly<Record<string, string>> | undefined;
  /** Part of the fingerprint: what is inside these agents, by phase. Nested charts and workers, say. */
  readonly inside?: Readonly<Record<string, Json>> | undefined;
  /** The machine as an earlier release wrote it, where this one only hears more: threads from then go on. */
  readonly formerly?: (() => AnyStateMachine) | undefined;
  /** The payloads it had before, where they were others. */
  readonly formerEvents?: EventSchemas | undefined;
}

/** Where a chart is: plain JSON, and all that decides what may happen next. */
export interface ChartPlace {
  readonly value: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
  /** What history states would restore. */
  readonly history?: Readonly<Record<string, readonly string[]>>;
  readonly done: boolean;
  /** Phases whose agent replied and that go on with the next input. */
  readonly waiting: readonly string[];
}

/** A machine, read once: everything the kernel asks of it per step is a look-up here. */
export interface Chart {
  readonly name: string;
  readonly version: string;
  /** Changes with whatever changes what may happen: states, transitions, guards and assignments, payload schemas, who works where, and what is inside of them. */
  readonly fingerprint: string;
  /** True for the fingerprint, and for those that earlier releases gave to the same definition. */
  isFingerprint(stored: string): boolean;
  readonly machine: AnyStateMachine;
  readonly phases: ReadonlyMap<string, Phase>;
  /** Everything the picture shows. Made when asked for: the kernel reads {@link arrows}. */
  readonly edges: readonly Edge[];
  readonly arrows: Arrows;
  /** Where a new input leads from each phase. In {@link arrows} they all leave the start, where an input comes in. */
  readonly inputs: Arrows;
  /** The leaves that are passed without rest on what a phase (or `"__start__"`) hears: final states, and those with `always`. */
  passedFrom(place: string): readonly AnyStateNode[];
  /** Phases in which the chart can come to rest; those it only passes through need no agent. */
  readonly rests: ReadonlySet<string>;
  /** Event types that some state accepts; `"*"` patterns included as written. */
  readonly vocabulary: ReadonlySet<string>;
  /** Those of the vocabulary that stand for many types. */
  readonly patterns: readonly string[];
  /** Phases that may start when a parallel state around this one is complete. */
  readonly joinsFrom: ReadonlyMap<string, readonly string[]>;
  /** Phases that a guarded `always` around a phase of a region may start: what one region does may open a guard in another. */
  readonly wakesFrom: ReadonlyMap<string, readonly string[]>;
  readonly hasParallel: boolean;
  readonly events: EventSchemas;
  readonly whenDone: "restart" | "refuse";
  readonly trailLimit: number;
  /** The id of the agent that works in a phase. */
  readonly agentIds: ReadonlyMap<string, string>;
  readonly initial: AnyMachineSnapshot;
  /**
   * Where an event leads from a place, or undefined when it is refused. Pure, and the very step the kernel takes: `INPUT` begins a turn,
   * `{ type: "phasegraph.reply", phase }` is a reply of a phase that waits.
   */
  step(place: ChartPlace, event: { readonly type: string; readonly [payload: string]: unknown }): ChartPlace | undefined;
}

/** True when some state of the chart may accept an event of this type. Asked before XState is, which keeps a cache entry per type it sees. */
export function speaks(chart: Pick<Chart, "vocabulary" | "patterns">, type: string): boolean {
  if (type.startsWith("xstate.") || isOfKernel(type) || type === "*" || type === "") return false;
  if (chart.vocabulary.has(type) || type === EVENT.INPUT) return true;
  return type.length <= 100 && chart.patterns.some((pattern) => covers(pattern, type));
}

/** `name@version` and the fingerprint, as errors show it. */
export const chartLabel = (chart: { readonly name: string; readonly version: string; readonly fingerprint: string }): string =>
  `"${chart.name}" version ${chart.version} (${chart.fingerprint})`;
