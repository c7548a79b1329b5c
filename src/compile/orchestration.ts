import type { Agent, Result } from "../agent/agent.js";
import { anAgent } from "../agent/agent-rule.js";
import type { Limits } from "../agent/budget.js";
import { insideOf } from "../agent/inside.js";
import { InvalidDefinitionError, UnknownAgentError, type Issue } from "../base/errors.js";
import {
  each,
  either,
  everyValue,
  maybe,
  meant,
  number,
  oneOf,
  record,
  readForm,
  shape,
  something,
  text,
  type Form,
} from "../base/form.js";
import type { BaseState, Fields, FieldValues } from "../state/schema.js";
import { readChart, speaks, type Chart, type EventSchemas } from "../statechart/chart.js";
import { isPattern } from "../statechart/descriptor.js";
import type { Machine, PhaseOf } from "../statechart/machine.js";
import { toMermaid } from "../statechart/mermaid.js";
import { verification, verify, type Verification } from "../statechart/verify.js";
import { compile, readOptions, type CompileOptions } from "./compile.js";
import type { OrchestrationGraph } from "./graph.js";
import { agentIdIssue, phaseNameIssue, stateKeyIssue } from "./names.js";
import { nestedRunner } from "./nested.js";
import { waitingFor, type Resting, type WaitedFor } from "./waiting.js";
import { findingsInside } from "./team.js";

/** An orchestration: a chart, and who works in its phases. It is itself an agent, so it nests. */
export interface Orchestration<Phase extends string = string, F extends Fields = Fields, Name extends string = string> extends Agent<Name> {
  readonly name: Name;
  readonly chart: Chart;
  readonly machine: Machine;
  readonly phases: readonly Phase[];
  /** The agent that works in a phase. @throws UnknownAgentError for a name that is no phase. */
  agentOf(phase: Phase): Agent | undefined;
  /** True when some transition leads from one phase directly to the other. */
  connects(from: Phase, to: Phase): boolean;
  /** What the phases of the thread's current episode left behind, in the order of `phases`; those without a result are left out. */
  results(state: Pick<BaseState, "control" | "results">): Result[];
  /**
   * Who has the next word on a thread that rests, approvals, people and phases without an agent included, and what they may say:
   * `support.waitingFor(await graph.getState(config))`.
   */
  waitingFor(state: Resting): WaitedFor[];
  /** Looks for what can never work, here and in nested orchestrations: unreachable phases, dead ends, unbounded cycles and more. */
  verify(): Verification;
  /** The chart as a Mermaid picture; GitHub and editors draw it. */
  toMermaid(): string;
  /** The same chart and options with other agents: each is asked for once, however many phases it works in. The ids stay, so threads go on. */
  withAgents(replace: (agent: Agent) => Pick<Agent, "node">): Orchestration<Phase, F, Name>;
  /** The LangGraph graph. Studio and servers call it without arguments. */
  compile(options?: CompileOptions): OrchestrationGraph<Phase, F>;
}

/** Everything about an orchestration but its chart. */
export interface OrchestrationOptions<F extends Fields = Fields> {
  readonly name: string;
  readonly description?: string | undefined;
  /** Shown in errors and stored in every thread. Default `"1"`. */
  readonly version?: string | undefined;
  /** Extra state, by key: a zod schema (the last value wins) or a LangGraph `ReducedValue`. */
  readonly state?: F | undefined;
  /** Payload schemas by event type. */
  readonly events?: EventSchemas | undefined;
  readonly limits?: Limits | undefined;
  /** Milliseconds for one run of a phase, by phase; then its agent has failed. Waiting for a person does not count. Default: the agent's own limit. */
  readonly timeouts?: Readonly<Record<string, number>> | undefined;
  /** What a new input does when the end has been reached. Default `"restart"`: a new episode, messages kept. */
  readonly whenDone?: "restart" | "refuse" | undefined;
  /** The phases whose last words, in this order, are the answer when this runs inside another orchestration. Default: whoever spoke last. */
  readonly answerFrom?: string | readonly string[] | undefined;
  /** Transitions kept in the audit trail. Default 1,000. */
  readonly trailLimit?: number | undefined;
}

const LIMITS: Form<Limits> = { steps: maybe(number), modelCalls: maybe(number), toolCalls: maybe(number) };

/** What every pattern's definition has beside its own. */
export const ORCHESTRATION: Form<OrchestrationOptions> = {
  name: text,
  description: maybe(text),
  version: maybe(text),
  state: maybe(record),
  events: maybe(record),
  limits: maybe(shape<Limits>(LIMITS)),
  timeouts: maybe(everyValue(number)),
  whenDone: maybe(oneOf("restart", "refuse")),
  answerFrom: maybe(either(Array.isArray, each(text), text)),
  trailLimit: maybe(number),
};

/** A chart of your own and its agents. A misspelt phase is a compile error. */
export interface OrchestrationDefinition<M extends Machine, F extends Fields> extends OrchestrationOptions<F> {
  /** An XState v5 machine: no invoked actors, no timers, no actions but `assign`. Tag a phase `"waits"` when it talks with the user. */
  readonly machine: M;
  readonly agents: { readonly [Phase in PhaseOf<M>]?: Agent<string, FieldValues<F>> };
}

const DEFINITION = shape<OrchestrationDefinition<Machine, Fields>>({
  ...ORCHESTRATION,
  machine: something,
  agents: everyValue(maybe(anAgent)),
});

/**
 * Binds agents to the phases of an XState machine.
 * @throws InvalidDefinitionError with every issue at once: effects in the chart, phases without an agent, names that clash.
 * @example
 * const review = defineOrchestration({ name: "review", machine, agents: { draft: writer, check: editor } });
 * const graph = review.compile({ checkpointer });
 */
export function defineOrchestration<
  const M extends Machine,
  const F extends Fields = Record<never, never>,
  const Name extends string = string,
>(given: OrchestrationDefinition<M, F> & { readonly name: Name }): Orchestration<PhaseOf<M>, F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const bound = Object.entries(definition.agents as Record<string, Agent<string, FieldValues<F>> | undefined>).flatMap(([phase, agent]) =>
    agent === undefined ? [] : [[phase, agent] as const],
  );
  return orchestrate<PhaseOf<M>, F, Name>(definition.machine, bound, definition);
}

/** As {@link defineOrchestration}, for pattern builders that make machine and bindings at run time. */
export function orchestrate<Phase extends string, F extends Fields = Record<never, never>, Name extends string = string>(
  machine: Machine,
  bound: readonly (readonly [phase: string, agent: Agent<string, FieldValues<F>>])[],
  options: OrchestrationOptions<F> & { readonly name: Name; readonly formerly?: () => Machine; readonly formerEvents?: EventSchemas },
): Orchestration<Phase, F, Name> {
  const given = bound as readonly (readonly [phase: string, agent: Agent])[]; // the compiled graph holds the state that these agents ask for
  const { name, description } = options;
  const fields = options.state ?? ({} as F);
  const bindings = Object.fromEntries(given.map(([phase, agent]) => [phase, agent.id]));
  const inside = Object.fromEntries(
    given.flatMap(([phase, agent]) => {
      const seen = insideOf(agent);
      return seen === undefined ? [] : [[phase, seen] as const];
    }),
  );
  const chart = readChart(machine, { ...options, bindings, inside });
  const agents = bind(chart, given);
  const issues = [
    ...timeoutIssues(chart, options.timeouts ?? {}),
    ...answerIssues(options.answerFrom, agents),
    ...eventIssues(chart, options.events ?? {}),
    ...nameIssues(chart, given, name, Object.keys(fields)),
    ...bindingIssues(chart, agents, given),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const blueprint = { chart, description, agents, fields, limits: options.limits ?? {}, timeouts: options.timeouts ?? {} };
  const known = [...chart.rests];
  const self: Orchestration<Phase, F, Name> = {
    id: name,
    name,
    description,
    chart,
    machine,
    phases: known as Phase[],
    agentOf(phase) {
      if (!known.includes(phase)) throw new UnknownAgentError(phase, known);
      return agents.get(phase);
    },
    connects: (from, to) => (chart.arrows.get(from) ?? []).some((arrow) => arrow.to === to),
    results: (state) => known.flatMap((phase) => (state.results[phase]?.episode === state.control.episode ? [state.results[phase]] : [])),
    waitingFor: (state) => waitingFor(chart, state),
    verify() {
      const inside = [...agents].flatMap(([phase, agent]) => findingsInside(agent, [phase]));
      return verification(name, [...verify(chart, agents).findings, ...inside]);
    },
    toMermaid: () => toMermaid(chart, agents),
    withAgents(replace) {
      const replaced = new Map([...new Set(agents.values())].map((agent) => [agent, { ...agent, node: replace(agent).node }]));
      return orchestrate<Phase, F, Name>(
        machine,
        [...agents].map(([phase, agent]) => [phase, replaced.get(agent) ?? agent] as const),
        options,
      );
    },
    compile: (compileOptions = {}) => {
      return compile<Phase, F>(blueprint, readOptions(compileOptions));
    },
    node: (place) => nestedRunner(self, options.answerFrom, place.options),
  };
  return self;
}

/** Keys may be a phase's name or its dotted path. */
function bind(chart: Chart, given: readonly (readonly [string, Agent])[]): Map<string, Agent> {
  const names = new Map(
    [...chart.phases.values()].flatMap((phase) => [[phase.name, phase.name] as const, [phase.path.join("."), phase.name] as const]),
  );
  const byPhase = new Map(given.flatMap(([key, agent]) => (names.has(key) ? [[names.get(key) ?? key, agent] as const] : [])));
  return new Map([...chart.phases.keys()].flatMap((phase) => (byPhase.has(phase) ? [[phase, byPhase.get(phase) as Agent] as const] : [])));
}

function timeoutIssues(chart: Chart, timeouts: Readonly<Record<string, number>>): Issue[] {
  return Object.entries(timeouts).flatMap(([phase, milliseconds]): Issue[] => {
    const path = `timeouts.${phase}`;
    if (!chart.phases.has(phase))
      return [
        { path, code: "UNKNOWN_PHASE", message: `there is no such phase; there are ${[...chart.phases.keys()].slice(0, 20).join(", ")}` },
      ];
    return milliseconds > 0 ? [] : [{ path, code: "BAD_LIMIT", message: `must be more than 0 milliseconds, not ${milliseconds}` }];
  });
}

/** Nobody speaks in a phase that there is not, or in one without an agent: the answer would be empty. */
function answerIssues(answerFrom: OrchestrationOptions["answerFrom"], agents: ReadonlyMap<string, Agent>): Issue[] {
  return [answerFrom ?? []]
    .flat()
    .filter((phase) => !agents.has(phase))
    .map((phase) => ({
      path: "answerFrom",
      code: "UNKNOWN_PHASE",
      message: `nobody speaks in a phase "${phase}", so it gives no answer; ${meant(phase, [...agents.keys()])}`,
    }));
}

/** A schema for an event that no state hears is never asked. */
function eventIssues(chart: Chart, events: EventSchemas): Issue[] {
  const known = [...chart.vocabulary].filter((type) => !isPattern(type));
  return Object.keys(events)
    .filter((type) => !speaks(chart, type) || isPattern(type))
    .map((type) => ({
      path: `events.${type}`,
      code: "UNKNOWN_EVENT",
      message: `no state of the machine hears this event, so nothing is held to its schema; ${meant(type, known)}`,
    }));
}

function nameIssues(chart: Chart, given: readonly (readonly [string, Agent])[], name: string, stateKeys: readonly string[]): Issue[] {
  return [
    agentIdIssue("name", name),
    ...given.map(([phase, agent]) => agentIdIssue(`agents.${phase}`, agent.id)),
    ...[...chart.rests].map((phase) => phaseNameIssue(phase, stateKeys)),
    ...stateKeys.map(stateKeyIssue),
  ].filter((issue) => issue !== undefined);
}

function bindingIssues(chart: Chart, agents: ReadonlyMap<string, Agent>, given: readonly (readonly [string, Agent])[]): Issue[] {
  const paths = new Set([...chart.phases.values()].flatMap((phase) => [phase.name, phase.path.join(".")]));
  const byId = new Map<string, Agent>();
  const unknown = given
    .filter(([phase]) => !paths.has(phase))
    .map(([phase]): Issue => {
      return {
        path: `agents.${phase}`,
        code: "UNKNOWN_PHASE",
        message: `no leaf state of the machine has this name; it has ${[...chart.phases.keys()].slice(0, 20).join(", ")}`,
      };
    });
  const missing = [...chart.phases.values()]
    .filter((phase) => chart.rests.has(phase.name) && !phase.waits && !agents.has(phase.name))
    .map((phase): Issue => {
      return {
        path: `agents.${phase.path.join(".")}`,
        code: "MISSING_AGENT",
        message: `nobody works here; bind an agent, or tag the state "waits" when only events from outside move it`,
      };
    });
  const twice = given.flatMap(([phase, agent]): Issue[] => {
    const first = byId.get(agent.id) ?? agent;
    byId.set(agent.id, first);
    return first === agent
      ? []
      : [{ path: `agents.${phase}`, code: "DUPLICATE_AGENT", message: `another agent is called "${agent.id}" already; ids are unique` }];
  });
  return [...unknown, ...missing, ...twice];
}
