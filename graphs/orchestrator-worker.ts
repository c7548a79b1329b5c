import { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { send, type Outcome } from "../src/agent/outcome.js";
import { tasksOf, type TaskRecord } from "../src/agent/task.js";
import { InvalidDefinitionError, InvalidRequestError } from "../src/base/errors.js";
import { callable, maybe, number, oneOf, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import { workLedgers, type WorkLedgers } from "../src/ledger/work.js";
import { estimatePlan, type EstimateOptions, type PlanEstimate } from "../src/planning/estimate.js";
import { readPlan, type Task } from "../src/planning/plan.js";
import { revisedPlan } from "../src/planning/revise.js";
import type { BaseState, Fields, FieldValues } from "../src/state/schema.js";
import { FAILED } from "../src/statechart/vocabulary.js";
import { PLAN_CANCELLED } from "../nodes/executor/cancellation.js";
import { executor, limitsOf, LIMITS_FORM, type ExecutorLimits } from "../nodes/executor/executor.js";
import { again, limitIssue, machineOf, NOTHING, NOTHING_DONE, THE_END, upTo } from "./machine.js";

const PLAN = "plan";
const WORK = "work";
const SYNTHESIS = "synthesis";
const CANCELLED = "(cancelled)";
const TOLD = 20;

/** Somebody who plans, those who carry the plan out, and somebody who puts together what they found. */
export interface OrchestratorWorkerDefinition<Id extends string, F extends Fields>
  extends OrchestrationOptions<F>, Omit<ExecutorLimits, "onFailure"> {
  /** Its data is `{ tasks }`: made by `planner()`, or any agent that computes a plan. */
  readonly planner: Agent<Id, FieldValues<F>>;
  /** A task names its worker, or is done by the first. */
  readonly workers: readonly Agent<string, FieldValues<F>>[];
  /** Sees the plan's results (`planOf(turn)`, and as a message). Without one the tasks' own words end the run. */
  readonly synthesizer?: Agent<Id, FieldValues<F>>;
  /** What follows when tasks failed for good: a new plan (default), the synthesis of what there is, or an error. */
  readonly onFailure?: "replan" | "skip" | "stop";
  /** New plans in one run. Default 2; then the synthesis has what there is. */
  readonly maxReplans?: number;
  /** What time and cost are estimated with before a plan is carried out. */
  readonly estimate?: Pick<EstimateOptions, "milliseconds" | "cost">;
}

const DEFINITION = shape<OrchestratorWorkerDefinition<string, Fields>>({
  ...ORCHESTRATION,
  ...LIMITS_FORM,
  planner: anAgent,
  workers: agentList,
  synthesizer: maybe(anAgent),
  onFailure: maybe(oneOf("replan", "skip", "stop")),
  maxReplans: maybe(number),
  estimate: maybe(shape<Pick<EstimateOptions, "milliseconds" | "cost">>({ milliseconds: maybe(callable), cost: maybe(callable) })),
});

/** The plan of a run, and how it stands. */
export interface PlanState extends WorkLedgers {
  /** 0 for the first plan, one more for each new one. */
  readonly revision: number;
  /** Made before the plan was carried out. */
  readonly estimate: PlanEstimate;
}

const PlanData = z.object({ tasks: z.array(z.looseObject({ id: z.string(), input: z.string() })) });

interface StoredPlan {
  readonly tasks: readonly Task[];
  readonly revision: number;
  readonly estimate: PlanEstimate;
  readonly first: string;
  /** The visit in which the first plan was made: what was done under it counts for its revisions. Absent in older threads. */
  readonly visit?: string;
}

const storedPlan = (state: Pick<BaseState, "results" | "control"> | Pick<Turn, "results" | "control">): StoredPlan | undefined => {
  const result = state.results[PLAN];
  return result?.episode === state.control.episode ? (result.data as StoredPlan | undefined) : undefined; // written by planned() below
};

/** Plan, ledgers and status of every task, from the state of a thread or an agent's turn; undefined before there is a plan. */
export function planOf(
  state: Pick<BaseState, "results" | "control" | "tasks"> | Pick<Turn, "results" | "control" | "tasks">,
): PlanState | undefined {
  const plan = storedPlan(state);
  if (plan === undefined) return undefined;
  const records = tasksOf(state.tasks, WORK, state.control.episode);
  const cancelled = state.control.value === CANCELLED;
  return {
    ...workLedgers({ planned: plan.tasks, records, first: plan.first, cancelled }),
    revision: plan.revision,
    estimate: plan.estimate,
  };
}

/**
 * Plans, carries the plan out along its critical path, and puts the results together. Tasks that failed lead to a new plan, in
 * which what was completed and has not changed is not done again. The event `CANCEL` ends a run that is not at work; a
 * `cancellation` stops one that is.
 * @throws InvalidDefinitionError when there is no worker, an id is taken, or a limit is none.
 */
export function orchestratorWorker<
  const Id extends string,
  const F extends Fields = Record<never, never>,
  const Name extends string = string,
>(given: OrchestratorWorkerDefinition<Id, F> & { readonly name: Name }): Orchestration<"plan" | "work" | "synthesis", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, planner, workers, synthesizer, onFailure = "replan", maxReplans = 2 } = definition;
  const issues = limitIssue("maxReplans", maxReplans, 0);
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const crew = executor<"crew", FieldValues<F>>({
    id: "crew",
    description: workers.map((worker) => worker.id).join(", "),
    workers,
    tasks: (turn) => storedPlan(turn)?.tasks ?? [],
    visit: (turn) => storedPlan(turn)?.visit ?? "",
    done: (turn, records) => settled(records, onFailure === "replan" && turn.can({ type: "REPLAN" }), mayFail),
    ...limitsOf({ ...definition, onFailure: onFailure === "stop" ? "stop" : "skip" }),
  });
  const mayFail = synthesizer === undefined;
  const next = synthesizer === undefined ? THE_END : SYNTHESIS;
  const replan = {
    target: PLAN,
    ...upTo(maxReplans, "replans", "maxReplans"),
  };
  const machineFailing = (fails: boolean) =>
    machineOf(name, [planner, { id: "crew" }, ...workers, ...(synthesizer === undefined ? [] : [synthesizer])], {
      context: { replans: 0 },
      initial: PLAN,
      states: {
        [PLAN]: { on: { DONE: WORK, CANCEL: CANCELLED } },
        [WORK]: {
          on: {
            PROGRESS: again(WORK),
            DONE: next,
            CANCEL: CANCELLED,
            ...(fails ? { NOTHING } : {}),
            ...(onFailure === "replan" && maxReplans > 0 ? { REPLAN: replan } : {}),
          },
        },
        ...(synthesizer === undefined ? {} : { [SYNTHESIS]: { on: { DONE: THE_END } } }),
        [THE_END]: { type: "final" },
        [CANCELLED]: { type: "final", tags: FAILED },
        ...(fails ? NOTHING_DONE : {}),
      },
    });
  const bound = [
    [PLAN, planning(definition)] as const,
    [WORK, crew] as const,
    ...(synthesizer === undefined ? [] : [[SYNTHESIS, synthesizer] as const]),
  ];
  return orchestrate<"plan" | "work" | "synthesis", F, Name>(machineFailing(mayFail), bound, {
    answerFrom: synthesizer === undefined ? WORK : SYNTHESIS,
    ...definition,
    ...(mayFail ? { formerly: () => machineFailing(false) } : {}), // before all could fail
  });
}

/** The planner, whose plan is read, joined with what was done of the plan before, and estimated. */
function planning<Id extends string, F extends Fields>(definition: OrchestratorWorkerDefinition<Id, F>): Agent<Id, FieldValues<F>> {
  const { planner, workers, estimate, concurrency, perAgent } = definition;
  const ids = new Set(workers.map((worker) => worker.id));
  return {
    ...planner,
    node: (place) => {
      const inner = planner.node(place);
      return {
        ...inner,
        run: async (turn) => {
          const outcome = await inner.run(turn);
          if (outcome.next.kind !== "done") return outcome;
          const parsed = PlanData.safeParse(outcome.data);
          if (!parsed.success)
            throw new InvalidRequestError(
              `The plan of "${planner.id}"`,
              z.prettifyError(parsed.error),
              "data: { tasks: [{ id, input, … }] }",
            );
          const wanted = parsed.data.tasks as readonly Task[]; // the rest of a task is checked by readPlan
          readPlan(`The plan of "${planner.id}"`, wanted, ids);
          const before = storedPlan(turn);
          const records = tasksOf(turn.tasks, WORK, turn.control.episode);
          const revision = before === undefined ? 0 : before.revision + 1;
          const tasks = before === undefined ? wanted : revisedPlan(before.tasks, wanted, records, revision);
          const left = tasks.filter((task) => records.get(task.id)?.status !== "completed");
          const options = {
            ...estimate,
            ...(concurrency === undefined ? {} : { concurrency }),
            ...(perAgent === undefined ? {} : { perAgent }),
          };
          const visit = before === undefined ? turn.control.entries?.[turn.phase]?.visit : before.visit;
          const plan: StoredPlan = {
            tasks,
            revision,
            estimate: estimatePlan(without(left), options),
            first: workers[0]?.id ?? "",
            ...(visit === undefined ? {} : { visit }),
          };
          return { ...outcome, data: plan };
        },
      };
    },
  };
}

/** What is left of a plan: nobody waits for what is done. */
function without(left: readonly Task[]): Task[] {
  const ids = new Set(left.map((task) => task.id));
  return left.map((task) => ({ ...task, dependsOn: (task.dependsOn ?? []).filter((id) => ids.has(id)) }));
}

function settled<State>(records: readonly TaskRecord[], mayReplan: boolean, mayFail: boolean): Outcome<State> {
  const lost = records.filter((record) => record.status !== "completed");
  const done = records.length - lost.length;
  const shown = lost.slice(0, TOLD).map(({ task, status, error }) => `- ${task} ${status}: ${error?.message ?? "no reason given"}`);
  const losses = [...shown, ...(lost.length > TOLD ? [`- and ${lost.length - TOLD} more`] : [])];
  if (records.some((record) => record.error?.name === PLAN_CANCELLED)) return send("CANCEL");
  const words = records.flatMap(({ task, status, content = "" }) =>
    status === "completed" && content !== "" ? [`[${task}] ${content}`] : [],
  );
  const report = [`${done} of ${records.length} tasks done.`, ...losses].join("\n");
  if (mayReplan && lost.some((record) => record.status === "failed")) return send("REPLAN", { content: report });
  if (mayFail && done === 0 && records.length > 0) return send("NOTHING", { content: report });
  return { content: [report, ...words].join("\n"), next: { kind: "done" } };
}
