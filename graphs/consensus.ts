import { z } from "zod";
import type { Agent } from "../src/agent/agent.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { DEFAULT_LIMITS } from "../src/agent/budget.js";
import { reply } from "../src/agent/outcome.js";
import { InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { callable, each, either, everyValue, maybe, number, oneOf, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { BaseState, Fields, FieldValues } from "../src/state/schema.js";
import { count, put, tally } from "../src/statechart/data/assignments.js";
import { field, inContext, type Template } from "../src/statechart/data/context.js";
import { and, below, is, not } from "../src/statechart/data/guards.js";
import { FAILED } from "../src/statechart/vocabulary.js";
import { NOT_COUNTED, type Count, type CountRules } from "../src/voting/count.js";
import type { CastBallot } from "../src/voting/tally.js";
import { adapted } from "../nodes/adapted.js";
import { agent } from "../nodes/agent.js";
import { ballotReader, MAX_CHOICE, type ReadBallot } from "./ballots.js";
import { limitIssue, machineOf } from "./machine.js";

const VOTING = "(voting)";
const COUNTING = "(counting)";
const AGREED = "(agreed)";
const DISAGREED = "(disagreed)";
const MAX_VOTERS = 100;
const DEFAULT_TIMEOUT = 300_000;

/** Agents that vote, and what it takes for their votes to count as agreement. */
export interface ConsensusDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F>, CountRules<NoInfer<Id>> {
  /** At most 100. Each ends its turn with {@link vote} or {@link abstain}, or with a {@link Ballot} as data; else it has abstained, and so has one that fails. */
  readonly voters: readonly Agent<Id, FieldValues<F>>[];
  /** What may be voted for. Default: anything of at most 120 characters. */
  readonly choices?: readonly string[];
  /** Votes taken at most, the first included: as long as there is no consensus, all vote again and see each other's votes and reasons. Default 1. */
  readonly rounds?: number;
  /** Makes a ballot of what a voter said and computed, for voters that know nothing of ballots; `undefined`: it abstained. */
  readonly ballot?: ReadBallot;
  /** Milliseconds a voter has; then it has abstained. Waiting for a person does not count. Default 300,000. */
  readonly timeout?: number;
  /** Has the last word, on {@link consensusResult} of its turn. Default: a function that says how the vote went. */
  readonly speaker?: Agent<Id, FieldValues<F>>;
  /** What a vote without a consensus is for an orchestration around this one: a failure (default), or work that is done. */
  readonly unapproved?: "fail" | "done";
}

const DEFINITION = shape<ConsensusDefinition<string, Fields>>({
  ...ORCHESTRATION,
  voters: agentList,
  choices: maybe(each(text)),
  rounds: maybe(number),
  ballot: maybe(callable),
  timeout: maybe(number),
  speaker: maybe(anAgent),
  threshold: maybe(number),
  minAgreement: maybe(number),
  quorum: maybe(number),
  weighting: maybe(oneOf("confidence", "equal")),
  weights: maybe(everyValue(maybe(number))),
  abstentions: maybe(oneOf("ignored", "against")),
  unapproved: maybe(oneOf("fail", "done")),
  ties: maybe(either((value) => typeof value === "object", shape<{ chair: string }>({ chair: text }), oneOf("open", "heads", "first"))),
});

/** How a vote went. */
export interface ConsensusResult extends Count {
  readonly consensus: boolean;
  /** Votes for anything but the winner, with their reasons; without a winner, all votes. */
  readonly dissent: readonly CastBallot[];
  readonly abstained: readonly CastBallot[];
  /** The newest ballot of each voter, in the voters' order. */
  readonly ballots: readonly CastBallot[];
  readonly round: number;
}

/** Reads how a vote went from a thread's state or a turn. While a further round is on: the last count, with newer ballots as they come. */
export function consensusResult(state: Pick<BaseState, "control">): ConsensusResult {
  const { context } = state.control;
  const ballots = (context["ballots"] ?? []) as readonly CastBallot[]; // these three are written by the assignments below
  const counted = (context["count"] ?? NOT_COUNTED) as Count;
  const votes = ballots.filter((ballot) => ballot.choice !== null);
  return {
    ...counted,
    consensus: counted.missing.length === 0,
    dissent: votes.filter((ballot) => !counted.supporters.includes(ballot.voter)),
    abstained: ballots.filter((ballot) => ballot.choice === null),
    ballots,
    round: Number(context["round"]),
  };
}

/**
 * All vote at once on the same input; ballots are counted when the last is in. Ends in the state `(agreed)` or `(disagreed)`, which is a
 * failure in the eyes of an orchestration around it, unless `unapproved` says otherwise.
 * @throws InvalidDefinitionError when there is no voter or more than 100, an id twice, or a share that is not between 0 and 1.
 * @example
 * const jury = consensus({ name: "jury", voters: [a, b, c], choices: ["merge", "wait"], threshold: 0.6, rounds: 2 });
 */
export function consensus<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: ConsensusDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "result", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, choices, rounds = 1, timeout = DEFAULT_TIMEOUT, unapproved = "fail" } = definition;
  const ids = definition.voters.map((voter) => voter.id as string);
  const issues = [...voterIssues(ids), ...ruleIssues(definition, ids), ...limitIssue("rounds", rounds), ...limitIssue("timeout", timeout)];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const maxReason = Math.min(1_000, Math.floor(12_000 / ids.length)); // all ballots together fit into a checkpointed context
  const hears = ballotReader<FieldValues<F>>({ choices, maxReason, read: definition.ballot });
  const voters = definition.voters.map((voter) => adapted(voter, { hears, timeout }));
  const speaker = definition.speaker ?? teller;
  const machine = machineOf(name, [...voters, speaker], {
    context: { round: 1, ballots: [], count: null },
    initial: VOTING,
    states: {
      [VOTING]: {
        type: "parallel",
        states: Object.fromEntries(ids.map((id) => [id, region(id, ids)])),
        onDone: {
          target: COUNTING,
          actions: [tally("count", "ballots", rulesOf(definition, ids))],
        },
      },
      [COUNTING]: {
        always: [...(rounds === 1 ? [] : [again(rounds)]), { target: speaker.id }],
      },
      [speaker.id]: { on: { DONE: [{ guard: IS_AGREED, target: AGREED }, { target: DISAGREED }] } },
      [AGREED]: { type: "final" },
      [DISAGREED]: unapproved === "fail" ? { type: "final", tags: FAILED } : { type: "final" },
    },
  });
  const steps = { steps: Math.max(DEFAULT_LIMITS.steps, ids.length * rounds + 1) };
  const reason = z.string().max(maxReason).optional();
  const choice = choices === undefined || choices.length === 0 ? z.string().min(1).max(MAX_CHOICE) : z.enum(choices);
  const events = ids.flatMap((id) => [
    [`VOTE.${id}`, z.looseObject({ choice, confidence: z.number().min(0).max(1).optional(), reason })] as const,
    [`ABSTAIN.${id}`, z.looseObject({ reason })] as const,
  ]);
  return orchestrate<Id | "result", F, Name>(
    machine,
    [...voters, speaker].map((each) => [each.id, each] as const),
    {
      answerFrom: speaker.id,
      ...definition,
      limits: { ...steps, ...definition.limits },
      events: { ...definition.events, ...Object.fromEntries(events) },
    },
  );
}

/** Nothing is missing in the count. */
const IS_AGREED = is("count.missing", []);

/** Nothing is decided, and a round is left: all vote again. */
const again = (rounds: number) => ({
  guard: and(not(IS_AGREED), below("round", rounds, "rounds")),
  target: VOTING,
  actions: [count("round")],
});

/** The rules among the options, as the chart keeps them. */
function rulesOf(rules: CountRules<string> & { readonly choices?: readonly string[] }, voters: readonly string[]) {
  const { threshold, minAgreement, quorum, weighting, weights, abstentions, ties, choices } = rules;
  const given = Object.entries({ threshold, minAgreement, quorum, weighting, weights, abstentions, ties, choices });
  return { voters, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

/** A voter's ballot takes the place of its last one; ballots stand in the voters' order, whoever was first. */
function region(voter: string, order: readonly string[]) {
  const heard = (ballot: Readonly<Record<"choice" | "confidence" | "reason", Template>>) => ({
    target: "heard",
    actions: [put("ballots", { voter, ...ballot, round: inContext("round") }, { by: "voter", order })],
  });
  const blank = (otherwise: string) => heard({ choice: null, confidence: 0, reason: field("reason", { otherwise, most: 1_000 }) });
  const voting = {
    [`VOTE.${voter}`]: heard({
      choice: field("choice"),
      confidence: field("confidence", { otherwise: 1 }),
      reason: field("reason", { otherwise: "" }),
    }),
    [`ABSTAIN.${voter}`]: blank(""),
    [`DONE.${voter}`]: blank("The voter gave no ballot."),
    [`FAIL.${voter}`]: blank("The voter failed."),
  };
  return { initial: "voting", states: { voting: { id: voter, on: voting }, heard: { type: "final" as const } } };
}

/** Says how the vote went. */
const teller: Agent<never> = agent({
  id: "result",
  description: "Says how the vote went",
  run: (turn) => {
    const result = consensusResult(turn);
    const percent = `${Math.round(result.agreement * 100)} %`;
    const outcome = result.consensus
      ? `Consensus on "${result.winner}" (${percent} of the weight, round ${result.round}).`
      : `No consensus${result.winner === undefined ? "" : `; "${result.winner}" leads with ${percent}`} (${result.missing.join(", ")}; round ${result.round}).`;
    const dissent = result.dissent.map(({ voter, choice, reason }) => `${voter} is for "${choice}"${reason === "" ? "." : `: ${reason}`}`);
    return reply([outcome, ...dissent].join("\n"), { data: result });
  },
}) as Agent<never>; // its id is the phase "result", which the type of the orchestration names

function voterIssues(ids: readonly string[]): Issue[] {
  if (ids.length === 0) return [{ path: "voters", code: "NO_AGENTS", message: "give at least one voter" }];
  return ids.length <= MAX_VOTERS
    ? []
    : [
        {
          path: "voters",
          code: "TOO_MANY",
          message: `at most ${MAX_VOTERS} voters, not ${ids.length}; let parts of them vote and nest those`,
        },
      ];
}

function ruleIssues(rules: CountRules<string> & { readonly choices?: readonly string[] }, ids: readonly string[]): Issue[] {
  const shares = (["threshold", "minAgreement", "quorum"] as const).flatMap((path) => {
    const value = rules[path] ?? 0;
    return value >= 0 && value <= 1 ? [] : [{ path, code: "BAD_SHARE", message: `must be from 0 to 1, not ${value}` }];
  });
  const weights = Object.entries(rules.weights ?? {}).flatMap(([id, weight]) => [
    ...(ids.includes(id)
      ? []
      : [{ path: `weights.${id}`, code: "UNKNOWN_AGENT", message: `no voter "${id}"; there are ${ids.join(", ")}` }]),
    ...(Number.isFinite(weight) && Number(weight) >= 0
      ? []
      : [{ path: `weights.${id}`, code: "BAD_WEIGHT", message: `must be 0 or more, not ${String(weight)}` }]),
  ]);
  const chair = typeof rules.ties === "object" && !ids.includes(rules.ties.chair) ? rules.ties.chair : undefined;
  const long = (rules.choices ?? []).filter((choice) => choice.trim() === "" || choice.length > MAX_CHOICE);
  return [
    ...shares,
    ...weights,
    ...(chair === undefined
      ? []
      : [{ path: "ties.chair", code: "UNKNOWN_AGENT", message: `no voter "${chair}"; there are ${ids.join(", ")}` }]),
    ...(rules.choices?.length === 0 ? [{ path: "choices", code: "NO_CHOICES", message: "give at least one, or leave it out" }] : []),
    ...long.map((choice) => ({
      path: "choices",
      code: "BAD_CHOICE",
      message: `"${choice.slice(0, 40)}": a choice has 1 to ${MAX_CHOICE} characters`,
    })),
  ];
}
