import { isInterrupted } from "@langchain/langgraph";
import type { Chart } from "../../src/statechart/chart.js";
import { initialControl, type Control } from "../../src/statechart/control.js";
import { phasesOf, snapshotOf } from "../../src/statechart/legal.js";
import { BOOKKEEPING, FAILED } from "../../src/statechart/vocabulary.js";
import { inputOf, stageGraph, staffedPhases } from "../drive.js";
import { INPUT_STEP, movesFrom, play, type ExploreOptions, type Move, type Step } from "../steps.js";
import type { Subject } from "./subject.js";

/** A run of one input that ends by itself and not in failure, and how the thread stands then. */
export interface Rest {
  readonly script: readonly Step[];
  readonly control: Control;
}

const MAX_STEPS = 12;
const MAX_VISITS = 2_000;
const MAX_TRIES = 20;

const found = new WeakMap<Subject, Promise<Rest>>();

/** The longest such run of a dozen steps at most, looked for once. @throws Error when there is none. */
export function longestRest(subject: Subject): Promise<Rest> {
  const rest = found.get(subject) ?? lookForRest(subject);
  found.set(subject, rest);
  return rest;
}

async function lookForRest({ orchestration, options }: Subject): Promise<Rest> {
  const { chart } = orchestration;
  const search: Search = { chart, staffed: staffedPhases(orchestration), options, visits: 0 };
  const scripts = [...runs(search, play(chart, initialControl(chart), INPUT_STEP), [INPUT_STEP])].sort(
    (one, other) => other.length - one.length,
  );
  for (const script of scripts.slice(0, MAX_TRIES)) {
    const state = await stageGraph({ orchestration, options }, script).invoke(inputOf(undefined), { configurable: { thread_id: "rest" } });
    if (!isInterrupted(state)) return { script, control: state.control };
  }
  throw new Error(`No run of "${orchestration.name}" ends by itself within ${MAX_STEPS} steps.`);
}

interface Search {
  readonly chart: Chart;
  readonly staffed: ReadonlySet<string>;
  readonly options: ExploreOptions;
  visits: number;
}

/** Runs as the graph makes them: all agents that are due act in one step, in the order of their phases' names. */
function* runs(search: Search, control: Control, script: readonly Step[]): Generator<readonly Step[]> {
  const { chart, staffed, options } = search;
  const due = phasesOf(chart, control).filter((phase) => staffed.has(phase) && !control.waiting.includes(phase));
  if (due.length === 0 && !snapshotOf(chart, control).hasTag(FAILED)) yield script; // a failed end is an error to those around it
  if (due.length === 0 || script.length + due.length > MAX_STEPS || (search.visits += 1) > MAX_VISITS) return;
  const moves = [...movesFrom(chart, control, options)];
  const replies = ({ step }: Move) => (step.event.type === BOOKKEEPING.REPLY ? 0 : 1); // the shortest way to rest first
  const choices = due
    .sort()
    .map((phase) => moves.filter(({ step }) => step.from === phase).sort((one, other) => replies(one) - replies(other)));
  for (const together of combinations(choices)) {
    const after = together.reduce((at, { step }) => play(chart, at, step), control);
    if (after.refusals === control.refusals) yield* runs(search, after, [...script, ...together.map(({ step }) => step)]);
  }
}

function* combinations<T>([first, ...rest]: readonly (readonly T[])[]): Generator<readonly T[]> {
  if (first === undefined) yield [];
  for (const item of first ?? []) for (const others of combinations(rest)) yield [item, ...others];
}
