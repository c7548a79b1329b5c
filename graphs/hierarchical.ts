import { HumanMessage } from "@langchain/core/messages";
import type { Agent, Turn } from "../src/agent/agent.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { reply, type Outcome } from "../src/agent/outcome.js";
import { InvalidDefinitionError } from "../src/base/errors.js";
import { either, maybe, number, oneOf, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import { put } from "../src/statechart/data/assignments.js";
import { below } from "../src/statechart/data/guards.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { adapted } from "../nodes/adapted.js";
import { agent } from "../nodes/agent.js";
import { aggregate, type Aggregation, type OnConflict } from "./aggregate.js";
import { limitIssue, machineOf, NOTHING, NOTHING_DONE, THE_END } from "./machine.js";

const MEMBERS = "(members)";
const AGGREGATE = "aggregate";
const DEFAULT_TIMEOUT = 300_000;

/** A main task, those who each do a part of it, and how their results become one. */
export interface HierarchicalDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  /** Reads the main task first; members see what it says, and tasks may be made of its `data`. */
  readonly lead?: Agent<Id, FieldValues<F>>;
  /** Sub-agents, which may be orchestrations; each works on the main task, or on the part that {@link withTask} gives it. */
  readonly members: readonly Agent<Id, FieldValues<F>>[];
  /** `"concat"` (default): their texts. `"merge"`: one object of their data. `"vote"`: what most are for, by confidence. Or an agent that sees all results. */
  readonly aggregate?: Aggregation | Agent<Id, FieldValues<F>>;
  /** Between texts. Default an empty line. */
  readonly separator?: string;
  /** Which of two different values `merge` keeps; all are told in its data. Default `"last"`. */
  readonly onConflict?: OnConflict;
  /** `"isolate"` (default): a member that fails is named in the result, the others go on. `"stop"`: its error ends the run. */
  readonly onFailure?: "isolate" | "stop";
  /** Members that must not fail; with fewer it ends in `(failed)`, and an orchestration around it hears of a failure. Default 1. */
  readonly minimum?: number;
  /** Milliseconds a member has; waiting for a person does not count. Default 300,000. */
  readonly timeout?: number;
}

const DEFINITION = shape<HierarchicalDefinition<string, Fields>>({
  ...ORCHESTRATION,
  lead: maybe(anAgent),
  members: agentList,
  aggregate: maybe(either((value) => typeof value === "string", oneOf("concat", "merge", "vote"), anAgent)),
  separator: maybe(text),
  onConflict: maybe(oneOf("last", "first", "all")),
  onFailure: maybe(oneOf("isolate", "stop")),
  minimum: maybe(number),
  timeout: maybe(number),
});

/**
 * lead → members, all at once → one result, which is `results.aggregate` or the words of the agent given as `aggregate`.
 * @throws InvalidDefinitionError when there is no member, an id twice, or a limit that is none.
 * @example
 * const report = hierarchical({ name: "report", lead: editor, members: [withTask(research, "Find sources."), charts], aggregate: writer });
 */
export function hierarchical<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: HierarchicalDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "aggregate", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, lead, onFailure = "isolate", minimum = 1, timeout = DEFAULT_TIMEOUT } = definition;
  const members = definition.members.map((member) => adapted(member, { timeout }));
  const ids = members.map((member) => member.id as string);
  const issues = [
    ...(ids.length === 0 ? [{ path: "members", code: "NO_AGENTS", message: "give at least one member" }] : []),
    ...limitIssue("minimum", minimum, 0),
    ...(minimum > ids.length ? [{ path: "minimum", code: "BAD_LIMIT", message: `there are only ${ids.length} members` }] : []),
    ...limitIssue("timeout", timeout),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const chosen =
    typeof definition.aggregate === "object" ? definition.aggregate : aggregator(definition, definition.aggregate ?? "concat", ids);
  const last = adapted<string, FieldValues<F>>(chosen, { spares: (turn) => shortfall(turn as Turn, ids, minimum) });
  const agents: readonly Agent<string, FieldValues<F>>[] = [...(lead === undefined ? [] : [lead]), ...members, last];
  const isEnough = below("failed", ids.length - minimum + 1);
  const mayFail = onFailure === "isolate" && minimum > 0;
  const machine = machineOf(name, agents, {
    context: { failed: [] },
    initial: lead?.id ?? MEMBERS,
    states: {
      ...(lead === undefined ? {} : { [lead.id]: { on: { DONE: MEMBERS } } }),
      [MEMBERS]: {
        type: "parallel",
        states: Object.fromEntries(ids.map((id) => [id, region(id, ids, onFailure === "isolate")])),
        onDone: last.id,
      },
      [last.id]: { on: { DONE: mayFail ? [{ guard: isEnough, target: THE_END }, { target: NOTHING }] : THE_END } },
      [THE_END]: { type: "final" },
      ...(mayFail ? NOTHING_DONE : {}),
    },
  });
  return orchestrate<Id | "aggregate", F, Name>(
    machine,
    agents.map((each) => [each.id, each] as const),
    { answerFrom: last.id, ...definition },
  );
}

/** Says why there is no result, without asking anybody for one. */
function shortfall({ results, control }: Turn, ids: readonly string[], minimum: number): Outcome<never> | undefined {
  const failed = control.context["failed"] as readonly string[]; // written by the regions
  if (ids.length - failed.length >= minimum) return undefined;
  const reasons = failed.map((id) => `${id}: ${results[id]?.error?.message ?? "no reason given"}`);
  return reply(`Only ${ids.length - failed.length} of ${ids.length} members succeeded, and ${minimum} must. ${reasons.join("; ")}`);
}

/** One member: its events carry its own name, so that no sibling hears them. */
function region(id: string, ids: readonly string[], isolated: boolean) {
  const failed = {
    target: "failed",
    actions: [put("failed", id, { order: [...ids].sort() })],
  };
  return {
    initial: "working",
    states: {
      working: { id, on: { [`DONE.${id}`]: "done", ...(isolated ? { [`FAIL.${id}`]: failed } : {}) } },
      done: { type: "final" as const },
      failed: { type: "final" as const },
    },
  };
}

/**
 * The same agent with a task of its own, read as the newest user message. A function makes it of the turn, which has what the lead
 * came to in `results`; `undefined`: there is nothing to do this time, and the agent is not asked.
 */
export function withTask<Id extends string, State>(
  worker: Agent<Id, State>,
  task: string | ((turn: Turn<State>) => string | undefined),
): Agent<Id, State> {
  const taskOf = (turn: Turn<State>): string | undefined => (typeof task === "string" ? task : task(turn));
  return adapted(worker, {
    spares: (turn) => (taskOf(turn) === undefined ? { next: { kind: "done" } } : undefined),
    sees: (turn) => {
      const message = new HumanMessage({ content: taskOf(turn) ?? "", id: `task:${turn.phase}:${turn.control.episode}` });
      return { ...turn, messages: [...turn.messages, message] };
    },
  });
}

const aggregator = (
  { separator, onConflict }: { readonly separator?: string; readonly onConflict?: OnConflict },
  how: Aggregation,
  members: readonly string[],
): Agent =>
  agent({
    id: AGGREGATE,
    description: `Puts results together: ${how}`,
    run: (turn) => {
      const results = members.flatMap((id) => turn.results[id] ?? []);
      const { content, data } = aggregate(how, results, {
        ...(separator === undefined ? {} : { separator }),
        ...(onConflict === undefined ? {} : { onConflict }),
      });
      return reply(content, { data });
    },
  });
