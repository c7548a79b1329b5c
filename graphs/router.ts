import { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { agents as agentList, anAgent } from "../src/agent/agent-rule.js";
import { send } from "../src/agent/outcome.js";
import { InvalidDefinitionError, UnknownAgentError, type Issue } from "../src/base/errors.js";
import { anything, callable, each, everyValue, flag, maybe, number, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { keep, reset, set } from "../src/statechart/data/assignments.js";
import { agent } from "../nodes/agent.js";
import { observed } from "../nodes/observed.js";
import { envelopeOf, type Envelope } from "./envelope.js";
import { limitIssue, machineOf, upTo } from "./machine.js";

const ROUTE = "route";
const IDLE = "idle";
const FIRST_PHASE = "intake";
const USUAL_PHASE = "handling";

/** When a rule applies: every condition that is given has to hold. */
export interface RoutingConditions<State = object> {
  /** The conversation is in one of these phases. */
  readonly phases?: readonly string[];
  readonly channelTypes?: readonly string[];
  readonly intents?: readonly string[];
  readonly sources?: readonly string[];
  /** Pure and quick. */
  readonly custom?: (turn: Turn<State>, envelope: Envelope) => boolean;
}

/** Who gets a message, and when. */
export interface RoutingRule<Id extends string, State = object> {
  readonly to: Id;
  readonly when: RoutingConditions<State>;
  /** Lower is asked first; of equal ones the first given. Default 0. */
  readonly priority?: number;
}

/** Agents, and who of them gets a user's message. */
export interface RouterDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly agents: readonly Agent<Id, FieldValues<F>>[];
  readonly rules?: readonly RoutingRule<NoInfer<Id>, FieldValues<F>>[];
  /** Who gets what no rule is for. Default: the supervisor alone, or nobody. */
  readonly default?: NoInfer<Id>;
  /** `true` (default): who got a message by address, rule or handoff keeps the conversation until it hands off or sends `RELEASE`. */
  readonly sticky?: boolean;
  /** Sees every turn after the agent whose turn it was, may add a note, and may hand over; what is for nobody comes to it alone. */
  readonly supervisor?: Agent<Id, FieldValues<F>>;
  /** Adds to what a message's metadata says: an intent, say, that a model finds. What it throws ends the run. */
  readonly about?: (turn: Turn<FieldValues<F>>) => Envelope | Promise<Envelope>;
  /** The conversation's phase while an agent has it. Default `"handling"`; `"intake"` before the first, and with the default agent. */
  readonly phaseMap?: { readonly [Agent in NoInfer<Id>]?: string };
  /** Handoffs between two messages of the user. Default 20. */
  readonly maxHandoffs?: number;
}

const DEFINITION = shape<RouterDefinition<string, Fields>>({
  ...ORCHESTRATION,
  agents: agentList,
  rules: maybe(
    each(
      shape<RoutingRule<string, never>>({
        to: text,
        when: shape<RoutingConditions<never>>({
          phases: maybe(each(text)),
          channelTypes: maybe(each(text)),
          intents: maybe(each(text)),
          sources: maybe(each(text)),
          custom: maybe(callable),
        }),
        priority: maybe(anything), // told of with the other mistakes in rules
      }),
    ),
  ),
  default: maybe(text),
  sticky: maybe(flag),
  supervisor: maybe(anAgent),
  about: maybe(callable),
  phaseMap: maybe(everyValue(maybe(text))),
  maxHandoffs: maybe(number),
});

/** Why a message went where it went; the data of `results.route`. */
export interface Routing {
  /** `undefined`: to nobody. */
  readonly to: string | undefined;
  readonly via: "address" | "affinity" | "rule" | "default" | "nobody";
  readonly reason: string;
}

/**
 * A user's message goes to the agent it is addressed to, else to the one that has the conversation, else by the first rule that
 * applies, else to the default. Messages that no user wrote are routed to nobody.
 * @throws InvalidDefinitionError when a rule, the default or the phase map names an unknown agent, or a rule a phase that never is.
 */
export function router<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: RouterDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "route" | "idle", F, Name> {
  const definition = readForm("The orchestration", given, DEFINITION);
  const { name, agents, rules = [], supervisor, maxHandoffs = 20, phaseMap } = definition;
  const ids = agents.map((each) => each.id as string);
  const named = phaseMap as Readonly<Record<string, string>> | undefined;
  const phaseOf = (id: string): string => named?.[id] ?? (id === definition.default ? FIRST_PHASE : USUAL_PHASE);
  const nobody = ids.length > 0 ? [] : [{ path: "agents", code: "NO_AGENTS", message: "give at least one agent" }];
  const issues = [
    ...nobody,
    ...nameIssues(definition, ids, [FIRST_PHASE, ...ids.map(phaseOf)]),
    ...limitIssue("maxHandoffs", maxHandoffs, 0),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
  const takes = (id: string) => ({
    target: id,
    actions: [keep("active", "via", { as: { default: null }, otherwise: id }), set("phase", phaseOf(id))],
  });
  const handoffs = (from: string) =>
    Object.fromEntries(
      ids
        .filter((id) => id !== from)
        .map((id) => {
          const { guard, actions } = upTo(maxHandoffs, "handoffs", "maxHandoffs");
          return [`HANDOFF.${id}`, { target: id, guard, actions: [set("active", id), set("phase", phaseOf(id)), ...actions] }];
        }),
    );
  const asked = supervisor === undefined ? {} : { [`ROUTE.${supervisor.id}`]: supervisor.id }; // who has the conversation keeps it
  const release = { target: IDLE, actions: [set("active", null)] };
  const staff = supervisor === undefined ? ids : [...ids, supervisor.id]; // a message may be addressed to the supervisor, too
  const dispatcher = dispatch({ ...definition, rules: rules.map(ownRule) }, staff);
  const whole = [dispatcher, { id: IDLE }, ...agents, ...(supervisor === undefined ? [] : [supervisor])];
  const machineHearing = (more: Readonly<Record<string, string>>) =>
    machineOf(name, whole, {
      context: { active: null, phase: FIRST_PHASE, handoffs: 0 },
      initial: ROUTE,
      on: { INPUT: { target: `.${ROUTE}`, actions: [reset("handoffs")] } },
      states: {
        [IDLE]: { tags: "waits", description: "waits for a message" },
        [ROUTE]: { on: { ...Object.fromEntries(ids.map((id) => [`ROUTE.${id}`, takes(id)])), ...more, NOBODY: supervisor?.id ?? IDLE } },
        ...Object.fromEntries(ids.map((id) => [id, { tags: "waits", on: { ...handoffs(id), RELEASE: release } }])),
        ...(supervisor === undefined ? {} : { [supervisor.id]: { on: { DONE: IDLE, ...handoffs(supervisor.id) } } }),
      },
    });
  const formerly = supervisor === undefined ? {} : { formerly: () => machineHearing({}) }; // before messages could be addressed to it
  const bound: (readonly [string, Agent<string, FieldValues<F>>])[] = [
    [ROUTE, dispatcher],
    ...agents.map((each) => [each.id, supervisor === undefined ? each : observed(each, supervisor)] as const),
    ...(supervisor === undefined ? [] : [[supervisor.id, supervisor] as const]),
  ];
  const routed = z.looseObject({ via: z.enum(["address", "affinity", "rule", "default"]).optional() });
  const events = Object.fromEntries(staff.map((id) => [`ROUTE.${id}`, routed]));
  return orchestrate<Id | "route" | "idle", F, Name>(machineHearing(asked), bound, {
    ...definition,
    ...formerly,
    events: { ...definition.events, ...events },
  });
}

/** What the caller does to its rules afterwards changes nothing here. */
function ownRule<Id extends string, State>(rule: RoutingRule<Id, State>): RoutingRule<Id, State> {
  const copied = Object.entries(rule.when).map(([key, value]) => [key, Array.isArray(value) ? [...(value as unknown[])] : value] as const);
  return { ...rule, when: Object.fromEntries(copied) };
}

type Rules<F extends Fields> = Pick<RouterDefinition<string, F>, "rules" | "default" | "sticky" | "about">;

function dispatch<F extends Fields>(definition: Rules<F>, ids: readonly string[]): Agent<string, FieldValues<F>> {
  return agent<string, FieldValues<F>>({
    id: ROUTE,
    description: "Decides whose message it is",
    run: async (turn) => {
      const routing = await decide(definition, ids, turn);
      const type = routing.to === undefined ? "NOBODY" : `ROUTE.${routing.to}`;
      return send<FieldValues<F>>({ type, via: routing.via, reason: routing.reason }, { data: routing });
    },
  });
}

/** @throws UnknownAgentError for a message to somebody who is not here: nobody else answers in that name. */
async function decide<F extends Fields>(definition: Rules<F>, ids: readonly string[], turn: Turn<FieldValues<F>>): Promise<Routing> {
  if (turn.messages.at(-1)?.getType() !== "human") return { to: undefined, via: "nobody", reason: "no user wrote this" };
  const envelope = { ...envelopeOf(turn), ...(await definition.about?.(turn)) };
  const { agentId } = envelope;
  if (agentId !== undefined && !ids.includes(agentId)) throw new UnknownAgentError(agentId, ids);
  if (agentId !== undefined) return { to: agentId, via: "address", reason: "addressed to it" };
  const active = turn.control.context["active"];
  if (definition.sticky !== false && typeof active === "string") return { to: active, via: "affinity", reason: "it has the conversation" };
  const rules = (definition.rules ?? [])
    .map((rule, index) => ({ ...rule, index }))
    .sort((one, other) => (one.priority ?? 0) - (other.priority ?? 0));
  const rule = rules.find(({ when }) => applies(when, envelope, turn));
  if (rule !== undefined) return { to: rule.to, via: "rule", reason: `rules.${rule.index}` };
  return definition.default === undefined
    ? { to: undefined, via: "nobody", reason: "no rule is for it" }
    : { to: definition.default, via: "default", reason: "no rule is for it" };
}

function applies<State>(when: RoutingConditions<State>, envelope: Envelope, turn: Turn<State>): boolean {
  const among = (allowed: readonly string[] | undefined, value: unknown): boolean =>
    allowed === undefined || allowed.some((one) => one === value);
  return (
    among(when.phases, turn.control.context["phase"]) &&
    among(when.channelTypes, envelope.channelType) &&
    among(when.intents, envelope.intent) &&
    among(when.sources, envelope.source) &&
    (when.custom === undefined || when.custom(turn, envelope))
  );
}

function nameIssues<F extends Fields>(
  { rules = [], default: fallback, phaseMap = {} }: Pick<RouterDefinition<string, F>, "rules" | "default" | "phaseMap">,
  ids: readonly string[],
  phases: readonly string[],
): Issue[] {
  const named: (readonly [path: string, id: string])[] = [
    ...rules.map((rule, index) => [`rules.${index}.to`, rule.to] as const),
    ...(fallback === undefined ? [] : [["default", fallback] as const]),
    ...Object.keys(phaseMap).map((id) => [`phaseMap.${id}`, id] as const),
  ];
  const unknown = named
    .filter(([, id]) => !ids.includes(id))
    .map(([path, id]): Issue => ({ path, code: "UNKNOWN_AGENT", message: `"${id}" is no agent of this router; it has ${ids.join(", ")}` }));
  const never = rules.flatMap((rule, index) =>
    (rule.when.phases ?? [])
      .filter((phase) => !phases.includes(phase))
      .map((phase): Issue => {
        const known = [...new Set(phases)].join(", ");
        return {
          path: `rules.${index}.when.phases`,
          code: "UNKNOWN_PHASE",
          message: `a conversation is never in "${phase}"; its phases are ${known}`,
        };
      }),
  );
  const ranked = rules.flatMap((rule, index): Issue[] =>
    Number.isFinite(rule.priority ?? 0) ? [] : [{ path: `rules.${index}.priority`, code: "BAD_LIMIT", message: "must be a number" }],
  );
  return [...unknown, ...never, ...ranked];
}
