import { z } from "zod";
import type { Agent } from "../src/agent/agent.js";
import { anAgent } from "../src/agent/agent-rule.js";
import { send } from "../src/agent/outcome.js";
import { InvalidDefinitionError, InvalidRequestError, type Issue } from "../src/base/errors.js";
import { each, maybe, number, readForm, shape, text } from "../src/base/form.js";
import { orchestrate, ORCHESTRATION, type Orchestration, type OrchestrationOptions } from "../src/compile/orchestration.js";
import type { Fields, FieldValues } from "../src/state/schema.js";
import { keep } from "../src/statechart/data/assignments.js";
import { adapted } from "../nodes/adapted.js";
import { agent } from "../nodes/agent.js";
import { limitIssue, machineOf, THE_END } from "./machine.js";
import { addressees, everyone, readRoles, roleIssues, ROLES, roleStates, toNext, unknownRoles, type Roles } from "./roles.js";

const DISPATCH = "dispatch";
const IDLE = "idle";
const DEFAULT_TIMEOUT = 300_000;

/** Agents by role, each message for one of them. */
export interface RoundRobinDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly roles: Roles<Id, FieldValues<F>>;
  /** The role of a message that names none (`agentRole` in its metadata). Default: the first. */
  readonly defaultRole?: string;
}

const ROUND_ROBIN = shape<RoundRobinDefinition<string, Fields>>({ ...ORCHESTRATION, roles: ROLES, defaultRole: maybe(text) });

/**
 * Each message goes to the next agent of its role, in turn; `agentId` in its metadata addresses one directly. The turns are counted in
 * the chart, one count a role, and stay with the thread.
 * @throws InvalidDefinitionError when a role has nobody, or an id stands twice.
 */
export function roundRobin<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: RoundRobinDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "dispatch" | "idle", F, Name> {
  const definition = readForm("The orchestration", given, ROUND_ROBIN);
  const { name, roles } = definition;
  const crews = readRoles(roles);
  const defaultRole = definition.defaultRole ?? crews[0]?.role ?? "";
  refuse(name, [...roleIssues(crews), ...(crews.length === 0 ? [] : unknownRoles("defaultRole", [defaultRole], crews))]);
  const dispatcher = agent<string, FieldValues<F>>({
    id: DISPATCH,
    description: "Decides whose turn it is",
    run: (turn) => {
      const { roles: wanted, agent: id } = addressees(turn, crews, [defaultRole]);
      if (wanted.length > 1)
        throw new InvalidRequestError("A message for several roles", wanted.join(", "), "one role; broadcast() asks several");
      return send<FieldValues<F>>(id === undefined ? `SEND.${wanted[0]}` : `SEND_TO.${id}`);
    },
  });
  const agents = everyone(roles);
  const machine = machineOf(name, [dispatcher, { id: IDLE }, ...agents], {
    context: { next: {} },
    initial: DISPATCH,
    states: {
      [DISPATCH]: {
        on: {
          ...Object.fromEntries(crews.map((crew) => [`SEND.${crew.role}`, toNext(crew)])),
          ...Object.fromEntries(agents.map(({ id }) => [`SEND_TO.${id}`, id])),
        },
      },
      ...Object.assign({}, ...crews.map((crew) => roleStates(crew, IDLE))),
      [IDLE]: { tags: "waits", description: "waits for a message", on: { INPUT: DISPATCH } },
    },
  });
  return orchestrate<Id | "dispatch" | "idle", F, Name>(machine, bound<F>([dispatcher, ...agents]), definition);
}

/** Agents by role, and the roles a message passes through. */
export interface RoleChainDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly roles: Roles<Id, FieldValues<F>>;
  /** The roles in order; one may come again. Default: all, as they are given. */
  readonly chain?: readonly string[];
}

const ROLE_CHAIN = shape<RoleChainDefinition<string, Fields>>({ ...ORCHESTRATION, roles: ROLES, chain: maybe(each(text)) });

/**
 * One role after another on each message, each seeing what those before it said; within a role, agents take turns from message to
 * message.
 * @throws InvalidDefinitionError when a role has nobody, an id stands twice, or the chain names a role that is none.
 */
export function roleChain<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: RoleChainDefinition<Id, F> & { readonly name: Name },
): Orchestration<string, F, Name> {
  const definition = readForm("The orchestration", given, ROLE_CHAIN);
  const { name, roles } = definition;
  const crews = readRoles(roles);
  const chain = definition.chain ?? crews.map((crew) => crew.role);
  const empty = chain.length === 0 && crews.length > 0 ? [{ path: "chain", code: "NO_AGENTS", message: "name at least one role" }] : [];
  refuse(name, [...roleIssues(crews), ...empty, ...unknownRoles("chain", chain, crews)]);
  const links = chain.flatMap((role, index) => {
    const crew = crews.find((known) => known.role === role);
    const times = chain.slice(0, index).filter((before) => before === role).length;
    return crew === undefined ? [] : [{ crew, phaseOf: (id: string): string => (times === 0 ? id : `${id}-${times + 1}`) }];
  });
  const agents = everyone(roles);
  const [first] = links;
  const opener = first?.crew.agents[0] ?? first?.crew.lite[0] ?? "";
  const staffed = links.flatMap(({ crew, phaseOf }) =>
    [...crew.agents, ...crew.lite].flatMap((id) => agents.filter((each) => each.id === id).map((each) => [phaseOf(id), each] as const)),
  );
  const machine = machineOf(name, [...staffed.map(([id]) => ({ id })), { id: IDLE }], {
    // the very first message finds the chart where it begins: with the first of the first role, whose turn is counted
    context: { next: first === undefined ? {} : { [first.crew.role]: 1 % Math.max(1, first.crew.agents.length) } },
    initial: opener,
    states: {
      [IDLE]: {
        tags: "waits",
        description: "waits for a message",
        on: { INPUT: first === undefined ? [] : toNext(first.crew, first.phaseOf) },
      },
      ...Object.assign(
        {},
        ...links.map(({ crew, phaseOf }, index) => {
          const next = links[index + 1];
          return roleStates(crew, next === undefined ? IDLE : toNext(next.crew, next.phaseOf), phaseOf);
        }),
      ),
    },
  });
  return orchestrate<string, F, Name>(machine, staffed, definition);
}

/** Agents by role, and what becomes of their answers. */
export interface BroadcastDefinition<Id extends string, F extends Fields> extends OrchestrationOptions<F> {
  readonly roles: Roles<Id, FieldValues<F>>;
  /** Sees all answers in `turn.results` and has the last word. */
  readonly synthesizer?: Agent<Id, FieldValues<F>>;
  /** Milliseconds an agent has; waiting for a person does not count. Default 300,000. */
  readonly timeout?: number;
}

const BROADCAST = shape<BroadcastDefinition<string, Fields>>({
  ...ORCHESTRATION,
  roles: ROLES,
  synthesizer: maybe(anAgent),
  timeout: maybe(number),
});

/**
 * Each message goes to all agents of its roles (`agentRole` in its metadata, one or several; default all) at once, and the run waits
 * for all. Where a role has no agents, or one that fails, its lite agents answer, the first that does not fail. A failure stays with
 * its agent.
 * @throws InvalidDefinitionError when a role has nobody, or an id stands twice.
 */
export function broadcast<const Id extends string, const F extends Fields = Record<never, never>, const Name extends string = string>(
  given: BroadcastDefinition<Id, F> & { readonly name: Name },
): Orchestration<Id | "dispatch", F, Name> {
  const definition = readForm("The orchestration", given, BROADCAST);
  const { name, synthesizer, timeout = DEFAULT_TIMEOUT } = definition;
  const crews = readRoles(definition.roles);
  const roles = crews.map((crew) => crew.role);
  refuse(name, [...roleIssues(crews), ...limitIssue("timeout", timeout)]);
  const heads = crews.map(({ role, agents: full, lite }) => ({ role, agents: full.length === 0 ? lite.slice(0, 1) : full, lite: [] }));
  const dispatcher = agent<string, FieldValues<F>>({
    id: DISPATCH,
    description: "Decides who is asked",
    run: (turn) => {
      const wanted = addressees(turn, heads, roles);
      return send<FieldValues<F>>({
        type: "BROADCAST",
        roles: [...wanted.roles],
        ...(wanted.agent === undefined ? {} : { only: wanted.agent }),
      });
    },
  });
  const agents = crews.flatMap((crew) =>
    everyone({ [crew.role]: definition.roles[crew.role] ?? {} }).map((each) => asked(each, crew.role, timeout)),
  );
  // where a role has one agent or none, its lite agents follow in the same region; where it has several, the others answer
  const answering = crews.flatMap(({ agents: full, lite }) => (full.length < 2 ? [[...full, ...lite]] : full.map((id) => [id])));
  const speaking = agents.filter((each) => answering.flat().includes(each.id));
  const last = synthesizer === undefined ? [] : [synthesizer];
  const machine = machineOf(name, [dispatcher, ...speaking, ...last], {
    context: { roles: [] },
    initial: DISPATCH,
    states: {
      [DISPATCH]: {
        on: {
          BROADCAST: {
            target: "(all)",
            actions: [keep("roles", "roles", { otherwise: roles }), keep("only", "only")],
          },
        },
      },
      "(all)": {
        type: "parallel",
        states: Object.fromEntries(answering.map((ids) => [ids[0], region(ids)])),
        onDone: synthesizer?.id ?? THE_END,
      },
      ...(synthesizer === undefined ? {} : { [synthesizer.id]: { on: { DONE: THE_END } } }),
      [THE_END]: { type: "final" },
    },
  });
  const wanted = z.looseObject({
    roles: z.array(z.enum(roles)).min(1).optional(),
    only: z.enum(heads.flatMap((head) => head.agents)).optional(),
  });
  return orchestrate<Id | "dispatch", F, Name>(machine, bound<F>([dispatcher, ...speaking, ...last]), {
    answerFrom: synthesizer?.id ?? speaking.map((each) => each.id),
    ...definition,
    events: { ...definition.events, BROADCAST: wanted },
  });
}

/** Who is not asked has nothing to say: without words and without data. */
function asked<State>(each: Agent<string, State>, role: string, timeout: number): Agent<string, State> {
  return adapted(each, {
    timeout,
    spares: ({ control: { context } }) => {
      const isWanted =
        typeof context["only"] === "string" ? context["only"] === each.id : (context["roles"] as readonly string[]).includes(role);
      return isWanted ? undefined : { next: { kind: "done" } };
    },
  });
}

/** One after another until one does not fail; their events carry their own names, so that no other region hears them. */
const region = (ids: readonly string[]) => ({
  initial: ids[0] ?? "",
  states: {
    ...Object.fromEntries(
      ids.map((id, index) => [id, { id, on: { [`DONE.${id}`]: "answered", [`FAIL.${id}`]: ids[index + 1] ?? "failed" } }]),
    ),
    answered: { type: "final" as const },
    failed: { type: "final" as const },
  },
});

const bound = <F extends Fields>(agents: readonly Agent<string, FieldValues<F>>[]) => agents.map((each) => [each.id, each] as const);

function refuse(name: string, issues: readonly Issue[]): void {
  if (issues.length > 0) throw new InvalidDefinitionError(`The orchestration "${name}"`, issues);
}
