import type { Agent, Turn } from "../src/agent/agent.js";
import { agents as agentList } from "../src/agent/agent-rule.js";
import type { Next, Outcome } from "../src/agent/outcome.js";
import { IllegalTransitionError, InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { maybe, number, oneOf, readForm, shape } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import { toldToSpecialist, transcript } from "../src/ledger/transcript.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { count, reset, set } from "../src/statechart/data/assignments.js";
import { and, below, is, not, type GuardData } from "../src/statechart/data/guards.js";
import { EVENT } from "../src/statechart/vocabulary.js";
import { MODEL_OR_FUNCTION, type ChatModel } from "../nodes/chat-model.js";
import { orchestrator, ORCHESTRATOR_PHASES, type OrchestratorPhase, type Think } from "../nodes/orchestrator.js";
import { counters, ledgerEvent, type MagenticStop } from "./magentic-result.js";
import { again, limitIssue, machineOf, NOTHING, NOTHING_DONE, THE_END } from "./machine.js";

/** Limits of a Magentic-One team. */
export interface MagenticLimits {
  /** Progress ledgers for one task. Default 30. */
  readonly maxRounds?: number;
  /** Rounds without progress, or in a loop, that make a new plan; each round with progress takes one back. Default 3. */
  readonly maxStalls?: number;
  /** The same without taking any back: a team that stalls every other round is stuck as well. Default `maxStalls` + 1. */
  readonly maxStallsPerPlan?: number;
  /** New plans for one task. Default 2. */
  readonly maxResets?: number;
}

/** A team, and the model that leads it. */
export interface MagenticDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F>, MagenticLimits {
  /** The orchestrator's model, or a function in its place. */
  readonly orchestrator: ChatModel | Think<FieldValues<F>>;
  /** Specialists, people among them; their descriptions are all the orchestrator knows of them. */
  readonly team: readonly Agent<Id, FieldValues<F>>[];
  /** Times the model is asked for a ledger in one round; what was wrong is fed back, and the last failure counts as a stall. Default 3. */
  readonly ledgerAttempts?: number;
  /**
   * What it is to an orchestration around it when the work ended before the orchestrator was satisfied: `"fail"` (default), a failure;
   * `"done"`, a result like any other. The final answer is given either way.
   */
  readonly unsatisfied?: "fail" | "done";
  /** Wall time of each of the orchestrator's model calls in milliseconds. Default 300,000. */
  readonly milliseconds?: number;
}

const DEFINITION = shape<MagenticDefinition<string, Fields>>({
  ...ORCHESTRATION,
  orchestrator: MODEL_OR_FUNCTION,
  team: agentList,
  maxRounds: maybe(number),
  maxStalls: maybe(number),
  maxStallsPerPlan: maybe(number),
  maxResets: maybe(number),
  ledgerAttempts: maybe(number),
  unsatisfied: maybe(oneOf("fail", "done")),
  milliseconds: maybe(number),
});

/**
 * Magentic-One (Fourney et al., 2024): an orchestrator keeps a task ledger (facts and plan) and, each round, a progress ledger that
 * names the next speaker and its instruction. Stalls lead to new facts and a new plan made from the whole transcript, which is
 * then cleared; whatever ends the work, the orchestrator's model gives the final answer, and `magenticResult` says why. When that is
 * not that it was satisfied, it has failed in the eyes of an orchestration around it, unless `unsatisfied` says otherwise.
 * @throws InvalidDefinitionError when the team is empty, an id is one of the orchestrator's, or a limit is none.
 */
export function magentic<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: MagenticDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | OrchestratorPhase, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, team, maxRounds = 30, maxStalls = 3, maxResets = 2, ledgerAttempts = 3, milliseconds = 300_000 } = definition;
  const mayFail = definition.unsatisfied !== "done";
  const maxStallsPerPlan = definition.maxStallsPerPlan ?? maxStalls + 1;
  const issues: Issue[] = [
    ...(team.length === 0 ? [{ path: "team", code: "NO_AGENTS", message: "give at least one specialist" }] : []),
    ...limitIssue("maxRounds", maxRounds),
    ...limitIssue("maxStalls", maxStalls),
    ...limitIssue("maxStallsPerPlan", maxStallsPerPlan),
    ...limitIssue("maxResets", maxResets, 0),
    ...limitIssue("ledgerAttempts", ledgerAttempts),
    ...limitIssue("milliseconds", milliseconds),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);

  // one more stall may be had without being stuck
  const hasPatience = and(below("stalls", maxStalls - 1, "maxStalls"), below("stallsOfPlan", maxStallsPerPlan - 1, "maxStallsPerPlan"));
  const isStuck = not(hasPatience);
  const hasResets = below("resets", maxResets, "maxResets");
  const isNotLast = below("rounds", maxRounds - 1, "maxRounds");
  const stopAs = (stop: MagenticStop) => ({ target: "answer", actions: [count("rounds"), set("stop", stop)] });
  const replanned = {
    guard: and(isStuck, hasResets, isNotLast),
    target: "facts",
    actions: [count("rounds"), reset("stalls"), reset("stallsOfPlan"), count("resets")],
  };
  const stall = [count("rounds"), count("stalls"), count("stallsOfPlan")];
  const advance = [count("rounds"), count("stalls", -1)];
  /** A round that led nowhere: on with `next`, unless a new plan is due, or the end. */
  const stalled = (next: { readonly target: string; readonly reenter?: boolean }, ...open: readonly GuardData[]) => [
    ...(maxResets === 0 ? [] : [replanned]),
    { guard: and(hasPatience, ...open), ...next, actions: stall },
    { guard: and(isStuck, not(hasResets)), ...stopAs("stalled") },
    stopAs("rounds"),
  ];
  const heard = [
    { guard: below("rounds", maxRounds, "maxRounds"), target: "progress" },
    { target: "answer", actions: [set("stop", "rounds")] },
  ];

  const ends = [{ guard: is("stop", "satisfied"), target: THE_END }, { target: NOTHING }];
  const machineEnding = (end: typeof THE_END | typeof ends) =>
    machineOf(name, [...ORCHESTRATOR_PHASES.map((id) => ({ id })), ...team], {
      context: { rounds: 0, stalls: 0, stallsOfPlan: 0, resets: 0 },
      initial: "facts",
      states: {
        facts: { on: { DONE: "plan" } },
        plan: { on: { DONE: "progress" } },
        progress: {
          on: {
            SATISFIED: stopAs("satisfied"),
            UNUSABLE: stalled(again("progress"), isNotLast),
            ...Object.fromEntries(
              team.flatMap(({ id }) => [
                [`ASK.${id}`, { target: id, actions: advance }],
                [`STALLED.${id}`, stalled({ target: id })],
              ]),
            ),
          },
        },
        ...Object.fromEntries(team.map(({ id }) => [id, { on: { DONE: heard, FAIL: heard } }])),
        answer: { on: { DONE: end } },
        [THE_END]: { type: "final" },
        ...(end === THE_END ? {} : NOTHING_DONE),
      },
    });

  const lead = orchestrator<FieldValues<F>>({
    id: LEADER,
    ask: definition.orchestrator,
    team,
    attempts: ledgerAttempts,
    milliseconds,
    settle: (reading, turn) => {
      const event = ledgerEvent(reading);
      const { stalls, stallsOfPlan } = counters(turn.control.context);
      const isPatient = stalls + 1 < maxStalls && stallsOfPlan + 1 < maxStallsPerPlan;
      const goesOn = event.type.startsWith("STALLED.") && isPatient;
      return { event, asks: goesOn || event.type.startsWith("ASK.") };
    },
    stopped: ({ control }) => STOPPED[counters(control.context).stop ?? "satisfied"],
  });
  return orchestrate<Id | OrchestratorPhase, F, Name>(
    machineEnding(mayFail ? ends : THE_END),
    [...ORCHESTRATOR_PHASES.map((phase) => [phase, lead] as const), ...team.map((member) => [member.id, listening(member)] as const)],
    {
      answerFrom: "answer",
      ...definition,
      formerly: () => machineEnding(THE_END),
      limits: { ...limitsFor(maxRounds, maxResets, ledgerAttempts), ...definition.limits },
    },
  );
}

const LEADER = "orchestrator";
const SPEAKER = { author: LEADER, plan: "plan", answer: "answer" };
const STOPPED: Readonly<Record<MagenticStop, string | undefined>> = {
  satisfied: undefined,
  stalled: "no plan led any further",
  rounds: "all rounds were used",
};
/**
 * A specialist hears what was said since the last plan: the transcript before it is kept, but not shown. What the chart refuses is
 * a failure of its turn, not of the task.
 */
function listening<State>(member: Agent<string, State>): Agent<string, State> {
  return {
    ...member,
    node: (place) => {
      const inner = member.node(place);
      const run = async (turn: Turn<State>): Promise<Outcome<State>> => {
        const outcome = await inner.run({ ...turn, messages: toldToSpecialist(transcript(turn.messages, SPEAKER), member.id) });
        const event = eventOf(outcome.next);
        if (event !== undefined && !turn.can(event)) throw new IllegalTransitionError(event.type, turn.phase, turn.legal());
        return outcome;
      };
      return { ...inner, run };
    },
  };
}

function eventOf(next: Next): { readonly type: string } | undefined {
  if (next.kind === "done") return undefined;
  return next.kind === "event" ? next.event : { type: next.kind === "handoff" ? `${EVENT.HANDOFF}${next.to}` : EVENT.PROGRESS };
}

/** The chart ends every task by itself: its own limits lie beyond that. */
const limitsFor = (rounds: number, resets: number, attempts: number) => ({
  steps: Math.max(100, 2 * rounds + 2 * resets + 10),
  modelCalls: Math.max(200, (attempts + 10) * rounds + 2 * resets + 10),
});
