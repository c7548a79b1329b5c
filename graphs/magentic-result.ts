import type { LedgerReading, ProgressLedger } from "../src/ledger/progress-ledger.js";
import type { BaseState } from "../src/state/schema.js";
import type { FactSheet, OrchestratorPhase, ProgressResult } from "../nodes/orchestrator.js";

/** Why a task ended: it was satisfied, a stall came after the last reset, or the rounds were used up. */
export type MagenticStop = "satisfied" | "stalled" | "rounds";

/** How a task stands or ended: both ledgers and the counters. */
export interface MagenticResult {
  /** Undefined while the work goes on. */
  readonly stop: MagenticStop | undefined;
  /** The ledger's own reason, when it was satisfied. */
  readonly reason: string | undefined;
  readonly rounds: number;
  readonly stalls: number;
  /** Stalls since the last plan, none taken back. */
  readonly stallsOfPlan: number;
  readonly resets: number;
  readonly task: string | undefined;
  readonly facts: string | undefined;
  readonly plan: string | undefined;
  /** The last progress ledger, when it could be used. */
  readonly ledger: ProgressLedger | undefined;
  /** What was wrong with it, when it could not. */
  readonly problem: string | undefined;
  /** What the team said in answer to the person. */
  readonly answer: string | undefined;
}

/** Reads both ledgers from a thread's state: also while it runs, and from every checkpoint of its history. */
export function magenticResult({ control, results }: Pick<BaseState, "control" | "results">): MagenticResult {
  const of = (phase: OrchestratorPhase) => (results[phase]?.episode === control.episode ? results[phase] : undefined);
  const sheet = of("facts")?.data as FactSheet | undefined; // these three are written by the orchestrator's own phases
  const plan = of("plan")?.data as { readonly plan: string } | undefined;
  const progress = of("progress")?.data as ProgressResult | undefined;
  const ledger = progress !== undefined && "ledger" in progress ? progress.ledger : undefined;
  const { rounds, stalls, stallsOfPlan, resets, stop } = counters(control.context);
  return {
    stop,
    reason: stop === "satisfied" ? ledger?.is_request_satisfied.reason : undefined,
    rounds,
    stalls,
    stallsOfPlan,
    resets,
    task: sheet?.task,
    facts: sheet?.facts,
    plan: plan?.plan,
    ledger,
    problem: progress !== undefined && "problem" in progress ? progress.problem : undefined,
    answer: of("answer")?.content,
  };
}

/** What the chart counts. */
export type Counters = Pick<MagenticResult, "rounds" | "stalls" | "stallsOfPlan" | "resets" | "stop">;

/** The context of a Magentic chart, which nothing but its own assignments writes. */
export const counters = (context: Readonly<Record<string, unknown>>): Counters => context as unknown as Counters; // see above

const MAX_REASON = 1_000;

/** The event that a ledger is for the chart: who is asked, and whether the round counts as a stall. */
export function ledgerEvent(reading: LedgerReading): { readonly type: string; readonly reason: string } {
  if (!reading.ok) return { type: "UNUSABLE", reason: reading.problem.slice(0, MAX_REASON) };
  const { is_request_satisfied: satisfied, is_in_loop: loop, is_progress_being_made: progress, next_speaker: next } = reading.ledger;
  if (satisfied.answer) return { type: "SATISFIED", reason: satisfied.reason.slice(0, MAX_REASON) };
  const stall = loop.answer ? loop : progress.answer ? undefined : progress;
  return { type: `${stall === undefined ? "ASK" : "STALLED"}.${next.answer}`, reason: (stall ?? next).reason.slice(0, MAX_REASON) };
}
