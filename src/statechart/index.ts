import type { AnyStateMachine } from "xstate";
import { readChart, type Chart, type ChartOptions } from "./chart.js";
import { toMermaid } from "./mermaid.js";
import { verify, type Verification } from "./verify.js";

/**
 * Reads a machine without loading LangGraph: for checks in CI, for pictures, for a dashboard.
 * @throws InvalidDefinitionError with every effect, timer, actor or reserved name it holds, and the place.
 */
export function chartOf(machine: AnyStateMachine, options: Partial<ChartOptions> = {}): Chart {
  return readChart(machine, { name: machine.id, ...options });
}

/** Looks for what can never work in a machine. */
export const verifyMachine = (machine: AnyStateMachine): Verification => verify(chartOf(machine));

/** A machine as a Mermaid picture. */
export const drawMachine = (machine: AnyStateMachine): string => toMermaid(chartOf(machine));

export {
  assignmentImplementations,
  collect,
  count,
  keep,
  put,
  reset,
  set,
  tally,
  type AssignmentData,
  type CollectOptions,
  type KeepOptions,
  type PutOptions,
  type TallyRules,
} from "./data/assignments.js";
export { field, inContext, type Source, type Template } from "./data/context.js";
export { and, below, every, guardImplementations, is, not, or, type EveryOf, type GuardData } from "./data/guards.js";
export { toMermaid } from "./mermaid.js";
export { verify, type Bindings, type Finding, type FindingCode, type Verification } from "./verify.js";
export type { Chart, ChartOptions, ChartPlace, EventSchemas } from "./chart.js";
export type { Arrow, Arrows, Edge } from "./edges.js";
export type { Machine, PhaseOf } from "./machine.js";
export type { Phase } from "./tree.js";
export { END, EVENT, FAILED, START, WAITS } from "./vocabulary.js";
