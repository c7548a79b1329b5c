import { defineOrchestration, type Control } from "phasegraph";
import { assign, setup } from "xstate";
import { z } from "zod";
import { editor } from "./agents/editor.js";
import { planner } from "./agents/planner.js";
import { qa } from "./agents/qa.js";
import { reviewer } from "./agents/reviewer.js";
import { specialists, type Specialists } from "./agents/specialists.js";
import type { ReviewerId } from "./analysis/finding.js";
import { DEFAULT_ROUNDS } from "./defaults.js";
import type { ReviewModel } from "./model.js";
import { reviewState } from "./state.js";

export interface ReviewOptions {
  /** Without a model, reviewers and editor are plain functions. */
  readonly model?: ReviewModel | undefined;
  /** Default 3. */
  readonly rounds?: number | undefined;
  /** Other analysers than TypeScript, secretlint and oxlint. */
  readonly specialists?: Specialists | undefined;
}

const TALKATIVE = 200;

/** Plan → three reviews at once → report ⇄ quality check, until it approves or the rounds are used up. */
export function review(options: ReviewOptions = {}) {
  const { model, rounds = DEFAULT_ROUNDS, specialists: chosen = specialists } = options;
  return defineOrchestration({
    name: "review",
    description: "Reviews a directory: give its path.",
    machine: machine(rounds),
    state: reviewState,
    events: { REVISE: z.looseObject({ feedback: z.string() }), REFUSE: z.looseObject({ reason: z.string() }) },
    limits: { modelCalls: TALKATIVE },
    answerFrom: "editor",
    agents: {
      planner,
      "reviewing.secrets.working": reviewer(chosen.secrets, model),
      "reviewing.compiler.working": reviewer(chosen.compiler, model),
      "reviewing.complexity.working": reviewer(chosen.complexity, model),
      editor: editor(model),
      qa,
    },
  });
}

function machine(rounds: number) {
  return setup({
    types: { context: {} as { round: number } },
    guards: { roundsAreLeft: ({ context }) => context.round < rounds },
  }).createMachine({
    id: "review",
    context: { round: 1 },
    initial: "planner",
    states: {
      planner: { on: { DONE: "reviewing", REFUSE: "refused" } },
      reviewing: {
        type: "parallel",
        onDone: "editor",
        states: {
          secrets: region("secrets"),
          compiler: region("compiler"),
          complexity: region("complexity"),
        },
      },
      editor: { on: { DONE: "qa" } },
      qa: {
        on: {
          APPROVE: "approved",
          REVISE: [
            { guard: "roundsAreLeft", target: "editor", actions: assign({ round: ({ context }) => context.round + 1 }) },
            { target: "exhausted" },
          ],
        },
      },
      approved: { type: "final" },
      exhausted: { type: "final" },
      refused: { type: "final" },
    },
  });
}

/** One reviewer of the three: what fails in it stops no other. */
const region = <const Id extends ReviewerId>(id: Id) =>
  ({
    initial: "working",
    states: {
      working: { id, on: { [`DONE.${id}`]: "done", [`FAIL.${id}`]: "failed" } },
      done: { type: "final" },
      failed: { type: "final" },
    },
  }) as const;

/** How a review stands. */
export type Standing = "running" | "approved" | "exhausted" | "refused";

export function standingOf(control: Pick<Control, "value" | "done">): Standing {
  if (!control.done) return "running";
  const { value } = control;
  return value === "approved" || value === "refused" ? value : "exhausted";
}
