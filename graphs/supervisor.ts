import { HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { Agent, Turn } from "../src/agent/agent.js";
import { readRecord } from "../src/agent/conversation.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { reply, type Outcome } from "../src/agent/outcome.js";
import { InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { each, flag, maybe, number, oneOf, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { reset } from "../src/statechart/data/assignments.js";
import {
  DELEGATE,
  delegate,
  delegationTools,
  delivered,
  openCalls,
  openDelegations,
  resultOf,
  condensed,
  tasksFor,
} from "../nodes/delegation.js";
import { executor, limitsOf, LIMITS_FORM, type ExecutorLimits } from "../nodes/executor/executor.js";
import { forwardTools } from "../nodes/forward.js";
import { again, limitIssue, machineOf, upTo } from "./machine.js";

const WORKERS = "workers";
const DISPATCH = "dispatch";
/** No two delegations are the same, so what was done of one counts in every visit of the workers. */
const BY_DELEGATION = "delegations";
const REFINE =
  "Say what your team has to work out for the user, in one or two sentences that can be understood on their own. Nothing else.";

/** One agent that talks with the user, and those that work for it. */
export interface SupervisorDefinition<Id extends string, F extends Fields>
  extends OrchestrationOptions<F>, Omit<ExecutorLimits, "onFailure"> {
  /** Talks with the user. In the modes with tools: made from a model, or a function that returns `delegate()`. */
  readonly supervisor: Agent<Id, FieldValues<F>>;
  /** Each sees its task and nothing of the conversation; functions apart, each task has a thread of its own. */
  readonly workers: readonly Agent<string, FieldValues<F>>[];
  /** How all workers do one task: each with the result of the one before it, or side by side. Without it the supervisor gives each worker its own. */
  readonly strategy?: "sequential" | "parallel";
  /** `true`: every message of the user goes to the workers, without a tool. Default `false`: the supervisor decides. */
  readonly autoDelegate?: boolean;
  /** With `autoDelegate`: the supervisor first says what the task is; otherwise the user's words are. Default `true`, and `false` with `asyncDelivery`. */
  readonly refineTask?: boolean;
  /** What the supervisor is asked for then. */
  readonly refineInstruction?: string;
  /** `true`: the supervisor answers the user before the workers begin, and is given the results when they are there. Default `false`. */
  readonly asyncDelivery?: boolean;
  /** What the user (with `autoDelegate`) or the supervisor's model reads when work begins in the background. */
  readonly delegationMessage?: string;
  /** `false` is `asyncDelivery: true`, for supervisors with tools. Default `true`. */
  readonly waitForResult?: boolean;
  /** Keys of the state that workers may see: with their task, and functions as `turn.state` too. Default: none. */
  readonly shareChannels?: readonly (keyof F & string)[];
  /** `true`: a tool lets the supervisor give the user a worker's newest result word for word, without repeating it (`forward_result`). It is cut where `resultLimit` cuts. Default `false`. */
  readonly forward?: boolean;
  /** Rounds of delegation between two inputs. Default 20; then the supervisor has to answer. */
  readonly maxRounds?: number;
  /** Delegations the supervisor's model sees whole, and up to as many again; of earlier ones it sees a line each, and a tool reads any. Default 6; in the background all are whole. */
  readonly wholeResults?: number;
  /** Characters kept of one delegation's result. Default 20,000. */
  readonly resultLimit?: number;
}

const { onFailure: _none, ...SUPERVISOR_LIMITS } = LIMITS_FORM;
const DEFINITION = shape<SupervisorDefinition<string, Fields>>({
  ...ORCHESTRATION,
  ...SUPERVISOR_LIMITS,
  supervisor: anAgent,
  workers: agentList,
  strategy: maybe(oneOf("sequential", "parallel")),
  autoDelegate: maybe(flag),
  refineTask: maybe(flag),
  refineInstruction: maybe(text),
  asyncDelivery: maybe(flag),
  delegationMessage: maybe(text),
  waitForResult: maybe(flag),
  shareChannels: maybe(each(text)),
  forward: maybe(flag),
  maxRounds: maybe(number),
  wholeResults: maybe(number),
  resultLimit: maybe(number),
});

/**
 * A supervisor and its workers. Results stand in the conversation as the answers of the supervisor's own tool calls, never in a
 * prompt; a worker that failed, or ran out of time, is told as such. The next message of the user reaches the supervisor again.
 * @throws InvalidDefinitionError when there is no worker, an id is taken, a limit is none, or options contradict each other.
 */
export function supervisor<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: SupervisorDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "dispatch" | "workers", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, workers, autoDelegate = false } = definition;
  const mode = modeOf(definition);
  const issues = definitionIssues(definition);
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const { id } = definition.supervisor;
  const crew = executor<string, FieldValues<F>>({
    id: WORKERS,
    description: workers.map((worker) => worker.id).join(", "),
    workers: workers.map((worker) => isolated(worker, mode.shared)),
    tasks: (turn) =>
      openDelegations(turn.messages, id).flatMap((one) => tasksFor(one, mode.ids, mode.isChain, sharedWords(turn, mode.shared))),
    done: (turn, records) => {
      const results = openDelegations(turn.messages, id).map((one) => [one, resultOf(one, records, mode.resultLimit)] as const);
      return { messages: delivered(turn, new Map(results), mode.isAsync ? { to: id } : undefined), next: { kind: "done" } };
    },
    visit: () => BY_DELEGATION,
    ...limitsOf(definition),
  });
  const talk = talker(definition, mode);
  const machine = machineOf(name, [definition.supervisor, { id: WORKERS }, { id: DISPATCH }], {
    ...(autoDelegate ? automatic(id) : byTool(id, definition.maxRounds ?? 20, mode.isAsync)),
  });
  const bound = [[id, talk] as const, ...(autoDelegate ? [[DISPATCH, talk] as const] : []), [WORKERS, crew] as const];
  return orchestrate<Id | "dispatch" | "workers", F, Name>(machine, bound, { answerFrom: id, ...definition });
}

interface Mode {
  readonly ids: readonly string[];
  readonly isChain: boolean;
  readonly isAsync: boolean;
  readonly refines: boolean;
  readonly shared: readonly string[];
  readonly wholeResults: number;
  readonly resultLimit: number;
}

function modeOf<F extends Fields>(definition: SupervisorDefinition<string, F>): Mode {
  const { asyncDelivery, waitForResult = true, strategy, shareChannels = [], wholeResults = 6, resultLimit = 20_000 } = definition;
  const isAsync = asyncDelivery ?? !waitForResult;
  const ids = definition.workers.map((worker) => worker.id);
  const refines = definition.refineTask ?? !isAsync;
  return { ids, isChain: strategy === "sequential", isAsync, refines, shared: [...shareChannels], wholeResults, resultLimit };
}

/** The supervisor decides: it delegates, reads what came of it, and so on until it answers the user. */
const byTool = (id: string, maxRounds: number, isAsync: boolean) => ({
  context: { rounds: 0 },
  initial: id,
  on: { INPUT: { actions: [reset("rounds")] } },
  states: {
    [id]: {
      tags: "waits",
      on: {
        [DELEGATE]: {
          target: WORKERS,
          ...upTo(maxRounds, "rounds", "maxRounds"),
        },
      },
    },
    // in the background, the user is answered first, whatever the workers were at
    [WORKERS]: {
      on: { PROGRESS: again(WORKERS), DONE: id, ...(isAsync ? { INPUT: { target: id, actions: [reset("rounds")] } } : {}) },
    },
  },
});

/** The chart decides: each message of the user is dispatched. */
const automatic = (id: string) => ({
  initial: DISPATCH,
  on: { INPUT: `.${DISPATCH}` },
  states: {
    [DISPATCH]: { on: { DONE: WORKERS } },
    [WORKERS]: { on: { PROGRESS: again(WORKERS), DONE: id } },
    [id]: { tags: "waits" },
  },
});

/** The supervisor as it works here: with the tools to delegate, old results condensed, and dispatching where the chart says so. */
function talker<Id extends string, F extends Fields>(definition: SupervisorDefinition<Id, F>, mode: Mode): Agent<Id, FieldValues<F>> {
  const { supervisor: boss, workers, autoDelegate = false, strategy } = definition;
  const told = mode.isAsync
    ? (definition.delegationMessage ?? `Dispatched to ${mode.ids.join(", ")}; the results follow later.`)
    : undefined;
  const tools = delegationTools(workers as readonly Agent[], strategy !== undefined, told);
  return {
    id: boss.id,
    description: boss.description,
    wraps: boss,
    node: (place) => {
      const inner = boss.node(place);
      if (!autoDelegate && inner.takesTools !== true) {
        throw new InvalidDefinitionError(`The orchestration "${definition.name}"`, [
          {
            path: "supervisor",
            code: "NO_TOOLS",
            message: `"${boss.id}" cannot be given tools; make it with a model that can call tools or with a function, or set autoDelegate`,
          },
        ]);
      }
      const seen = (turn: Turn<FieldValues<F>>, delegates: boolean): Turn<FieldValues<F>> => {
        const view = mode.isAsync ? { messages: turn.messages, tools: [] } : condensed(turn.messages, mode.wholeResults, boss.id);
        const forward = definition.forward === true ? forwardTools(turn.messages) : [];
        return { ...turn, messages: view.messages, tools: [...(turn.tools ?? []), ...(delegates ? tools : []), ...view.tools, ...forward] };
      };
      if (autoDelegate && place.phase === DISPATCH)
        return { run: (turn) => dispatched(definition, mode, turn, (asked) => inner.run(seen(asked, false))) };
      return {
        ...inner,
        run: async (turn) => {
          const outcome = await inner.run(seen(turn, !autoDelegate && turn.can({ type: DELEGATE })));
          return mode.isAsync && !autoDelegate ? afterwards(turn, outcome) : outcome;
        },
      };
    },
  };
}

/** What was delegated in the background begins when the user has been answered. */
function afterwards<State>(turn: Turn<State>, outcome: Outcome<State>): Outcome<State> {
  const isDue =
    outcome.next.kind === "done" && [...openDelegations(turn.messages, turn.agent), ...openCalls(outcome.messages ?? [])].length > 0;
  return isDue && turn.can({ type: DELEGATE }) ? { ...outcome, next: { kind: "event", event: { type: DELEGATE } } } : outcome;
}

/** The turn in which the user's message becomes the workers' task, in the conversation the same as if the supervisor had called the tool. */
async function dispatched<State, F extends Fields>(
  { refineInstruction = REFINE, delegationMessage }: SupervisorDefinition<string, F>,
  mode: Mode,
  turn: Turn<State>,
  ask: (turn: Turn<State>) => Promise<Outcome<State>>,
): Promise<Outcome<State>> {
  const since = turn.messages.findLastIndex((message) => readRecord(message)?.author === turn.agent) + 1;
  const words = turn.messages.slice(since).findLast((message) => message.getType() === "human")?.text;
  if (words === undefined) return { next: { kind: "done" } }; // nobody asked for anything: the workers have nothing to do
  const instruction = new HumanMessage({ content: refineInstruction, id: `${turn.phase}/refine` });
  const refined = mode.refines ? await ask({ ...turn, messages: [...turn.messages, instruction] }) : reply<State>(words);
  if (refined.next.kind !== "done") return refined;
  const topic = refined.content ?? refined.messages?.findLast((message: BaseMessage) => message.getType() === "ai")?.text ?? "";
  const said = mode.isAsync ? (delegationMessage ?? `I'm dispatching ${mode.ids.join(", ")}.`) : "";
  const { messages = [] } = delegate(turn, [{ task: topic.trim() === "" ? words : topic }], said);
  return { messages, ...(refined.update === undefined ? {} : { update: refined.update }), next: { kind: "done" } };
}

/** Of the thread's state a worker that is a function sees what is shared with it, and no more; others run in threads of their own. */
function isolated<State>(worker: Agent<string, State>, shared: readonly string[]): Agent<string, State> {
  return {
    ...worker,
    node: (place) => {
      const inner = worker.node(place);
      if (inner.plain !== true) return inner;
      const pick = (state: object) => Object.fromEntries(Object.entries(state).filter(([key]) => shared.includes(key))) as State; // the rest is undefined for it
      return { ...inner, run: (turn) => inner.run({ ...turn, state: pick(turn.state), tasks: {} }) };
    },
  };
}

const sharedWords = <State>(turn: Turn<State>, shared: readonly string[]): string =>
  shared
    .map((key) => `\n\n[${key}]\n${JSON.stringify((turn.state as Readonly<Record<string, unknown>>)[key] ?? null)}`) // its keys were checked
    .join("");

function definitionIssues<F extends Fields>(definition: SupervisorDefinition<string, F>): Issue[] {
  const { workers, autoDelegate = false, strategy, maxRounds = 20, wholeResults = 6, resultLimit = 20_000, asyncDelivery } = definition;
  const ids = [definition.supervisor.id, ...workers.map((worker) => worker.id)];
  const contradiction = (path: string, message: string): Issue => ({ path, code: "CONTRADICTION", message });
  const needsAuto = (["refineTask", "refineInstruction"] as const).filter((key) => definition[key] !== undefined && !autoDelegate);
  return [
    ...(workers.length > 0 ? [] : [{ path: "workers", code: "NO_AGENTS", message: "give at least one worker" }]),
    ...ids.flatMap((id, index) => {
      if (id === WORKERS || id === DISPATCH)
        return [{ path: `agents.${id}`, code: "RESERVED_NAME", message: `"${id}" is a phase; choose another id` }];
      return ids.indexOf(id) === index
        ? []
        : [{ path: `agents.${id}`, code: "DUPLICATE_AGENT", message: `"${id}" is given twice; ids are unique` }];
    }),
    ...(autoDelegate && strategy === undefined ? [contradiction("strategy", "with autoDelegate say how: sequential or parallel")] : []),
    ...needsAuto.map((key) => contradiction(key, "is for autoDelegate; without it the supervisor writes each task itself")),
    ...(asyncDelivery !== undefined && definition.waitForResult === asyncDelivery
      ? [contradiction("waitForResult", "says the opposite of asyncDelivery; leave one out")]
      : []),
    ...(autoDelegate && definition.waitForResult !== undefined
      ? [contradiction("waitForResult", "is for supervisors with tools; with autoDelegate use asyncDelivery")]
      : []),
    ...(definition.forward === true && modeOf(definition).isAsync
      ? [contradiction("forward", "in the background the user has been answered before there is a result; leave it out")]
      : []),
    ...(definition.shareChannels ?? [])
      .filter((key) => !(key in (definition.state ?? {})))
      .map((key) => ({ path: `shareChannels.${key}`, code: "UNKNOWN_CHANNEL", message: `no key "${key}" in the orchestration's state` })),
    ...limitIssue("maxRounds", maxRounds),
    ...limitIssue("wholeResults", wholeResults),
    ...limitIssue("resultLimit", resultLimit),
  ];
}
