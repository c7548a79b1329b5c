import { getConfig, isGraphBubbleUp, isParentCommand, type LangGraphRunnableConfig, type ParentCommand } from "@langchain/langgraph";
import { AIMessage, coerceMessageLikeToMessage, type BaseMessage } from "@langchain/core/messages";
import type { Result, Runner, Turn } from "../agent/agent.js";
import { DEFAULT_LIMITS, NO_LIMITS, openBudget, type Budget, type Limits, type Resource } from "../agent/budget.js";
import type { Outcome } from "../agent/outcome.js";
import type { TaskUpdates } from "../agent/task.js";
import { JOURNAL, Work, WORK } from "../agent/work.js";
import { expectListeners } from "../base/abort.js";
import type { Clock } from "../base/clock.js";
import { IllegalTransitionError, InvalidRequestError, LoopLimitError } from "../base/errors.js";
import { freeze, frozenCopy, jsonIssue } from "../base/json.js";
import { located } from "../base/located.js";
import { shownError, soundError } from "../base/shown-error.js";
import { handedOverAfter } from "../handoff/handover-note.js";
import { repairHistory } from "../handoff/history.js";
import { handoffEvent, openHandoffs, type Directory } from "../handoff/resolve.js";
import { keepNestedResults, nodeRunOf, standsAt } from "../langgraph/config.js";
import { graphAround, namespaceOf } from "../langgraph/namespace.js";
import { isInner } from "../langgraph/inner-thread.js";
import { passenger } from "../langgraph/passenger.js";
import { countSuperstep } from "../langgraph/supersteps.js";
import { MAX_VALUE_SIZE, readMessage, storageIssue, withoutOddities } from "../state/owned-message.js";
import { tryReducer, type Reducers } from "../state/reducers.js";
import type { BaseState } from "../state/schema.js";
import type { Chart } from "../statechart/chart.js";
import { advance } from "../statechart/advance.js";
import { valueLabel, type Control, type ControlEvent, type Usage } from "../statechart/control.js";
import { can, legalEvents, phasesOf } from "../statechart/legal.js";
import { BOOKKEEPING, EVENT } from "../statechart/vocabulary.js";
import { askable } from "./askable.js";
import { outcomeOfCommand } from "./command.js";
import { keepUnstored } from "./durable.js";
import { ORIGIN } from "./origin.js";
import { spokenBy } from "./spoken.js";
import { notExecuted } from "./unfinished.js";
import { WRITER } from "./writer.js";

/** What all phase nodes of a compiled orchestration share. */
export interface Team {
  readonly chart: Chart;
  readonly directory: Directory;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Keys of the extra state an agent may update. */
  readonly stateKeys: ReadonlySet<string>;
  /** How keys of the extra state take an update, where they do not just keep the last. */
  readonly reducers: Reducers;
  readonly budgets: WeakMap<Control, Budget>;
}

/** The budget of the orchestration around a nested one. */
export const BUDGET = passenger<Budget>("budget");

const MAX_DATA_BYTES = 1_048_576;
const NOTHING_USED: Readonly<Record<Resource, number>> = { steps: 0, modelCalls: 0, toolCalls: 0 };

/** Bookkeeping of the kernel; an agent that sent an input could set the turn's limits back. */
const NOT_FOR_AGENTS: ReadonlySet<string> = new Set([EVENT.INPUT, ...Object.values(BOOKKEEPING)]);

/** State a phase node hands to LangGraph: always exactly one event for the chart. */
interface NodeUpdate {
  readonly control: ControlEvent;
  readonly messages?: BaseMessage[];
  readonly results?: Record<string, Result>;
  readonly tasks?: TaskUpdates;
  readonly [key: string]: unknown;
}

/**
 * The node of one phase. It runs its agent only while the chart names the phase, and turns whatever the agent returns, or a raw
 * command it throws, into state and one event. An event the chart refuses is a typed error before anything is written: the agent's
 * failure where the chart accepts FAIL, else the end of the run.
 */
export function phaseNode(
  team: Team,
  phase: string,
  run: Runner,
): (state: BaseState, config: LangGraphRunnableConfig) => Promise<NodeUpdate> {
  const agent = team.directory.agentOf.get(phase) ?? phase;
  return async (state, config) => {
    const lost = WRITER.of(config)?.lost;
    if (lost !== undefined) throw lost; // nothing of this run is stored any more: what it does now would be done twice
    ORIGIN.of(config)?.reached(standsAt(config, graphAround(namespaceOf(config))));
    keepNestedResults(config, getConfig() as LangGraphRunnableConfig | undefined);
    expectListeners(config.signal);
    const { control } = state;
    const meta = { by: agent, at: team.clock.now(), phase, id: nodeRunOf(config) ?? team.clock.id() };
    if (!phasesOf(team.chart, control).includes(phase) || control.waiting.includes(phase)) {
      return { control: { type: BOOKKEEPING.ENTER, expected: team.chart.hasParallel, meta } };
    }
    const again = continues(control, phase);
    const { steps = DEFAULT_LIMITS.steps } = team.limits;
    if (!again && control.usage.steps >= steps) throw new LoopLimitError(team.chart.name, steps, phase);
    if (!again) countSuperstep(config, team.chart.name, phase);
    const budget = nodeBudget(team, agent, control, config);
    if (!again) budget.spend("steps");
    const work = new Work(phase);
    JOURNAL.of(config)?.add(work);
    const turn = openTurn(team, phase, agent, state, budget, WORK.with(config, work));
    const after = handedOverAfter(turn);
    const settle = (outcome: Outcome<Record<string, unknown>>): NodeUpdate => {
      const stamp = { ...meta, ...work.spokenFor, usage: usageOf(budget), ...(after === undefined ? {} : { after }) };
      const event = { ...eventOf(team, turn, outcome), meta: stamp };
      const next = advance(team.chart, control, event);
      if (next.refusals > control.refusals) {
        throw new IllegalTransitionError(
          event.type,
          valueLabel(control.value),
          legalEvents(team.chart, control, phase),
          next.refused.at(-1)?.why,
        );
      }
      return updateOf(team, turn, outcome, event, next);
    };
    try {
      return settle(await outcomeOf(turn, run));
    } catch (error) {
      const failure = failureOf(team, turn, error, work);
      if (failure !== undefined) return settle(failure);
      await keepUnstored(turn);
      throw isTask(config) ? error : located(error as Error, { agent, phase, turn: work, around: WORK.of(config) }); // sound, by outcomeOf
    }
  };
}

/** The only phase of a worker's own run: its task has a record, which says whose it is. */
const isTask = (config: LangGraphRunnableConfig): boolean => isInner(config) && graphAround(namespaceOf(config)) === "";

function nodeBudget(team: Team, agent: string, control: Control, config: LangGraphRunnableConfig): Budget {
  const outer = BUDGET.of(config); // set only by openTurn of the orchestration around this one
  const shared = team.budgets.get(control) ?? openBudget(team.chart.name, team.limits, control.usage, outer);
  team.budgets.set(control, shared);
  return openBudget(agent, NO_LIMITS, NOTHING_USED, shared);
}

/** True when the phase comes back to itself with more of the same work. */
const continues = ({ last }: Control, phase: string): boolean =>
  last.phase === phase && (last.event === EVENT.PROGRESS || last.event === `${EVENT.PROGRESS}.${phase}`);

function usageOf(budget: Budget): Usage {
  const tasks = budget.used("tasks");
  const used = { steps: budget.used("steps"), modelCalls: budget.used("modelCalls"), toolCalls: budget.used("toolCalls") };
  return tasks === 0 ? used : { ...used, tasks };
}

function openTurn(team: Team, phase: string, agent: string, state: BaseState, budget: Budget, config: LangGraphRunnableConfig): Turn {
  const { chart, directory } = team;
  const { control, messages, results, tasks, ...extra } = state;
  return {
    orchestration: chart.name,
    phase,
    agent,
    messages,
    state: freeze(extra),
    previous: results[phase],
    results: freeze(Object.fromEntries(Object.entries(results).filter(([, result]) => result.episode === control.episode))),
    handover: control.handover?.to === phase ? control.handover : undefined,
    control,
    tasks,
    waits: chart.phases.get(phase)?.waits === true,
    legal: () => legalEvents(chart, control, phase),
    can: (event) => refusalOf(team, control, phase, event) === undefined,
    refusal: (event) => refusalOf(team, control, phase, event),
    handoffs: () => openHandoffs(chart, directory, control, phase),
    budget,
    clock: team.clock,
    config: BUDGET.with(config, budget),
  };
}

async function outcomeOf(turn: Turn, run: Runner): Promise<Outcome<Record<string, unknown>>> {
  try {
    return await run(turn);
  } catch (thrown) {
    const error = soundError(thrown ?? `Agent "${turn.agent}" threw ${String(thrown)}`); // LangGraph reads its name and message
    if (isParentCommand(error)) return outcomeOfCommand((error as ParentCommand).command, turn.agent, turn.messages);
    throw askable(error, turn.agent);
  }
}

/**
 * An agent that threw, or asked for what may not be, has failed: where the chart has a way on for that, the run takes it, and what
 * the turn had said and done is kept.
 */
function failureOf(team: Team, turn: Turn, error: unknown, work: Work): Outcome<Record<string, unknown>> | undefined {
  if (isGraphBubbleUp(error) || turn.config.signal?.aborted === true) throw error;
  const type = scoped(team, turn.control, turn.phase, EVENT.FAIL);
  if (type === undefined) return undefined;
  const shown = shownError(error);
  const messages = repairHistory(work.said, notExecuted(shown.name));
  return {
    messages,
    update: acceptable(team, turn, work.update),
    next: { kind: "event", event: { type, reason: shown.message, error: shown } },
  };
}

/** Of an update what may be written: that the rest may not be can be what the turn failed of. */
function acceptable(team: Team, turn: Turn, update: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(update).filter(([key, value]) => {
      try {
        tryReducer(team.reducers, key, key, (turn.state as Readonly<Record<string, unknown>>)[key], value);
        return team.stateKeys.has(key);
      } catch {
        return false;
      }
    }),
  );
}

/** The first of `TYPE.<phase>` and `TYPE` that the chart accepts now: parallel regions use the former, so as not to hear each other. */
function scoped(team: Team, control: Control, phase: string, type: string): string | undefined {
  return [`${type}.${phase}`, type].find((candidate) => can(team.chart, control, { type: candidate }));
}

function scopedEvent(
  team: Team,
  control: Control,
  phase: string,
  event: { readonly type: string },
): { readonly type: string; readonly [payload: string]: unknown } {
  const own = { ...event, type: `${event.type}.${phase}` };
  return can(team.chart, control, own) ? own : { ...event };
}

/** Tried on the chart as it will be sent, payload and size included: what is accepted here is not refused afterwards. */
function refusalOf(team: Team, control: Control, phase: string, event: { readonly type: string }): string | undefined {
  const { meta: _meta, ...own } = scopedEvent(team, control, phase, event);
  if (NOT_FOR_AGENTS.has(own.type)) return "agents cannot send it";
  const meta = { by: team.directory.agentOf.get(phase) ?? phase, at: team.clock.now(), phase };
  const next = advance(team.chart, control, { ...own, meta });
  return next.refusals > control.refusals ? next.refused.at(-1)?.why : undefined;
}

function eventOf(team: Team, turn: Turn, outcome: Outcome): ControlEvent {
  const { chart, directory } = team;
  const { next } = outcome;
  switch (next.kind) {
    case "done": {
      const type = scoped(team, turn.control, turn.phase, EVENT.DONE);
      return type === undefined && chart.phases.get(turn.phase)?.waits === true
        ? { type: BOOKKEEPING.REPLY }
        : { type: type ?? EVENT.DONE };
    }
    case "progress":
      return { type: scoped(team, turn.control, turn.phase, EVENT.PROGRESS) ?? EVENT.PROGRESS };
    case "handoff": {
      const { kind: _kind, to, ...payload } = next;
      return { type: handoffEvent(chart, directory, turn.control, turn.phase, to) ?? `${EVENT.HANDOFF}${to}`, ...payload };
    }
    case "event": {
      const { meta: _meta, ...event } = scopedEvent(team, turn.control, turn.phase, next.event);
      if (NOT_FOR_AGENTS.has(event.type) || reportsForAnother(chart, turn.phase, event.type)) {
        throw new IllegalTransitionError(event.type, turn.phase, legalEvents(chart, turn.control, turn.phase), "agents cannot send it");
      }
      return event;
    }
  }
}

/** `DONE.b` from phase `a`: in parallel regions the chart would take it for b's. */
function reportsForAnother(chart: Chart, phase: string, type: string): boolean {
  const reported = [EVENT.DONE, EVENT.FAIL, EVENT.PROGRESS].find((report) => type.startsWith(`${report}.`));
  const about = reported === undefined ? phase : type.slice(reported.length + 1);
  return about !== phase && chart.phases.has(about);
}

/** Agents written for other graphs return plain `{ role, content }` too. */
function readMessages(agent: string, messages: Outcome["messages"]): BaseMessage[] {
  try {
    return (messages ?? []).map((message) => readMessage(withoutOddities(coerceMessageLikeToMessage(message))));
  } catch (cause) {
    const why = shownError(cause).message.split("\n", 1).join("").slice(0, 200);
    throw new InvalidRequestError(
      `Agent "${agent}" returned messages`,
      `one of them cannot be read (${why})`,
      "messages as LangChain knows them, such as { role, content }",
    );
  }
}

function updateOf(team: Team, turn: Turn, outcome: Outcome<Record<string, unknown>>, event: ControlEvent, next: Control): NodeUpdate {
  const dataIssue = jsonIssue(outcome.data, MAX_DATA_BYTES);
  if (dataIssue !== undefined) throw new InvalidRequestError(`The data of agent "${turn.agent}"`, dataIssue, "plain JSON");
  const update = outcome.update ?? {};
  const unknown = Object.keys(update).filter((key) => !team.stateKeys.has(key));
  if (unknown.length > 0) {
    throw new InvalidRequestError(
      `Agent "${turn.agent}" updates "${unknown.join('", "')}"`,
      "no such extra state",
      `a key of the orchestration's state (${[...team.stateKeys].join(", ") || "it has none"})`,
    );
  }
  for (const [key, value] of Object.entries(update)) {
    const issue = storageIssue(value, MAX_VALUE_SIZE);
    if (issue !== undefined)
      throw new InvalidRequestError(`The update of "${key}" by agent "${turn.agent}"`, issue, "plain JSON, or messages");
    tryReducer(team.reducers, `The update of "${key}" by agent "${turn.agent}"`, key, (turn.state as Readonly<typeof update>)[key], value);
  }
  const spoken = readMessages(turn.agent, outcome.messages);
  if (outcome.content !== undefined && outcome.content !== "")
    spoken.push(new AIMessage({ content: outcome.content, name: turn.agent, id: team.clock.id() }));
  const recipient = next.last.starts.map((phase) => team.directory.agentOf.get(phase) ?? phase).join(",") || "user";
  const messages = spokenBy({ agent: turn.agent, phase: turn.phase, recipient, clock: team.clock }, repairHistory(spoken));
  const { error } = event as { readonly error?: { name: string; message: string } };
  const failed = event.type === EVENT.FAIL || event.type === `${EVENT.FAIL}.${turn.phase}`;
  const result: Result = {
    agent: turn.agent,
    phase: turn.phase,
    episode: turn.control.episode,
    at: event.meta?.at ?? 0,
    status: failed ? "failed" : "ok",
    content: messages.findLast((message) => message.getType() === "ai")?.text ?? "",
    ...(outcome.data === undefined ? {} : { data: frozenCopy(outcome.data) }),
    ...(failed && error !== undefined ? { error } : {}),
  };
  return {
    ...frozenCopy(update),
    ...(messages.length === 0 ? {} : { messages }),
    ...(outcome.next.kind === "progress" && outcome.data === undefined ? {} : { results: { [turn.phase]: result } }),
    ...(outcome.tasks === undefined ? {} : { tasks: outcome.tasks }),
    control: event,
  };
}
