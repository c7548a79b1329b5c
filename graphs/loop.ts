import { z } from "zod";
import type { Agent } from "../src/agent/agent.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { send, type Outcome } from "../src/agent/outcome.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { maybe, number, oneOf, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { BaseState, Fields, FieldValues } from "../src/state/schema.js";
import { put, set } from "../src/statechart/data/assignments.js";
import { field } from "../src/statechart/data/context.js";
import { every } from "../src/statechart/data/guards.js";
import { FAILED } from "../src/statechart/vocabulary.js";
import { limitIssue, machineOf, upTo } from "./machine.js";

/** What a reviewer decided. Approval is this field and nothing else, never a word in a text. */
export const Verdict = z.object({
  approved: z.boolean().describe("true only when nothing has to be changed"),
  feedback: z.string().describe("what has to be changed, or why it is good"),
});

const MAX_FEEDBACK = 4_000;
const APPROVED = "(approved)";
const EXHAUSTED = "(exhausted)";
const DECIDING = "(deciding)";

/** The reviewer is content. */
export const approve = <State = object>(feedback = ""): Outcome<State> =>
  send<State>({ type: "APPROVE", feedback: feedback.slice(0, MAX_FEEDBACK) }, feedback === "" ? {} : { content: feedback });

/** The work goes back with feedback (its first 4,000 characters are kept in the chart, all of it in the conversation). */
export const revise = <State = object>(feedback: string): Outcome<State> =>
  send<State>({ type: "REVISE", feedback: feedback.slice(0, MAX_FEEDBACK) }, { content: feedback });

/** A producer and those who judge its work. */
export interface LoopDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly producer: Agent<Id, FieldValues<F>>;
  /** Each ends its turn with {@link approve} or {@link revise}; a plain reply, or an error, is no approval. */
  readonly reviewers: readonly Agent<Id, FieldValues<F>>[];
  /** Reviewers at once (default) or one after another; all are heard either way. */
  readonly mode?: "parallel" | "sequential";
  /** Drafts the producer may make. Default 3. */
  readonly maxIterations?: number;
  /** What an end without approval is for an orchestration around this one: a failure (default), or work that is done. */
  readonly unapproved?: "fail" | "done";
}

const DEFINITION = shape<LoopDefinition<string, Fields>>({
  ...ORCHESTRATION,
  producer: anAgent,
  reviewers: agentList,
  mode: maybe(oneOf("parallel", "sequential")),
  maxIterations: maybe(number),
  unapproved: maybe(oneOf("fail", "done")),
});

/** How a loop stands or ended. */
export interface LoopResult {
  readonly approved: boolean;
  readonly iteration: number;
  readonly feedback: readonly { readonly reviewer: string; readonly approved: boolean; readonly feedback: string }[];
}

/** Reads a loop's result from its state: also while it runs. */
export function loopResult(state: Pick<BaseState, "control">): LoopResult {
  const { context, value } = state.control;
  const feedback = (context["verdicts"] ?? []) as LoopResult["feedback"]; // written by the loop's own assignments
  return { approved: value === APPROVED, iteration: Number(context["iteration"]), feedback };
}

/**
 * Producer ⇄ reviewers until all approve, or `maxIterations` drafts were made. Ends in the state `(approved)` or `(exhausted)`, which
 * is a failure in the eyes of an orchestration around it, unless `unapproved` says otherwise.
 * @throws InvalidDefinitionError when there is no reviewer, an id twice, or a limit below 1.
 */
export function loop<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: LoopDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, producer, reviewers, mode = "parallel", maxIterations = 3, unapproved = "fail" } = definition;
  const agents = [producer, ...reviewers];
  const issues = [
    ...limitIssue("maxIterations", maxIterations),
    ...(reviewers.length > 0 ? [] : [{ path: "reviewers", code: "NO_AGENTS", message: "give at least one reviewer" }]),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const ids = reviewers.map((reviewer) => reviewer.id as string);
  const approvedByAll = every("verdicts", { approved: true }, { ids, by: "reviewer" });
  const machine = machineOf(name, agents, {
    context: { iteration: 1, verdicts: [] },
    initial: producer.id,
    states: {
      [producer.id]: { on: { DONE: { target: mode === "parallel" ? "(reviewing)" : (ids[0] ?? ""), actions: [set("verdicts", [])] } } },
      ...(mode === "parallel"
        ? {
            "(reviewing)": {
              type: "parallel" as const,
              states: Object.fromEntries(ids.map((id) => [id, region(id, ids)])),
              onDone: DECIDING,
            },
          }
        : chain(ids)),
      [DECIDING]: {
        always: [
          { guard: approvedByAll, target: APPROVED },
          { target: producer.id, ...upTo(maxIterations, "iteration", "maxIterations") },
          { target: EXHAUSTED },
        ],
      },
      [APPROVED]: { type: "final" },
      [EXHAUSTED]: unapproved === "fail" ? { type: "final", tags: FAILED } : { type: "final" },
    },
  });
  const feedback = z.looseObject({ feedback: z.string().max(MAX_FEEDBACK) });
  const events = Object.fromEntries(
    ids.flatMap((id) => [
      [`APPROVE.${id}`, feedback],
      [`REVISE.${id}`, feedback],
    ]),
  );
  return orchestrate<Id, F, Name>(
    machine,
    agents.map((agent) => [agent.id, agent] as const),
    { answerFrom: producer.id, ...definition, events: { ...definition.events, ...events } },
  );
}

const region = (id: string, ids: readonly string[]) => ({
  initial: "reviewing",
  states: { reviewing: { id, on: verdictsOf(id, "heard", ids) }, heard: { type: "final" as const } },
});

const chain = (ids: readonly string[]) =>
  Object.fromEntries(ids.map((id, index) => [id, { on: verdictsOf(id, ids[index + 1] ?? DECIDING, ids) }]));

/** Only APPROVE approves: REVISE, a reply without a verdict and an error all count against. Verdicts stand in the reviewers' order, whoever was first. */
function verdictsOf(reviewer: string, target: string, order: readonly string[]) {
  const note = (approved: boolean, otherwise: string) => ({
    target,
    actions: [
      put(
        "verdicts",
        { reviewer, approved, feedback: field(["feedback", "reason"], { otherwise, most: MAX_FEEDBACK }) },
        { by: "reviewer", order },
      ),
    ],
  });
  return {
    [`APPROVE.${reviewer}`]: note(true, ""),
    [`REVISE.${reviewer}`]: note(false, ""),
    [`DONE.${reviewer}`]: note(false, "The reviewer gave no verdict."),
    [`FAIL.${reviewer}`]: note(false, "The reviewer failed."),
  };
}
