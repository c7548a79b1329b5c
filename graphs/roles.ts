import type { Agent, Turn } from "../src/agent/agent.js";
import { agents } from "../src/agent/agent-rule.js";
import { InvalidRequestError, UnknownAgentError, type Issue } from "../src/base/errors.js";
import { everyValue, maybe, shape, type Rule } from "../src/base/form.js";
import { count } from "../src/statechart/data/assignments.js";
import { below } from "../src/statechart/data/guards.js";
import { envelopeOf } from "./envelope.js";

/** Who plays a role. At least one agent, full or lite. */
export interface Role<Id extends string, State> {
  /** Take turns. */
  readonly agents?: readonly Agent<Id, State>[];
  /** Stand in, the first that does not fail, where the role has no agents or the one whose turn it was failed. */
  readonly lite?: readonly Agent<Id, State>[];
}

/** Roles and who plays them, registered when the orchestration is defined. */
export type Roles<Id extends string, State> = Readonly<Record<string, Role<Id, State>>>;

export const ROLES: Rule = everyValue(shape<Role<string, never>>({ agents: maybe(agents), lite: maybe(agents) }));

/** Roles as the patterns read them. */
export interface Crew {
  readonly role: string;
  readonly agents: readonly string[];
  readonly lite: readonly string[];
}

const ROLE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const readRoles = <State>(roles: Roles<string, State>): Crew[] =>
  Object.entries(roles).map(([role, { agents = [], lite = [] }]) => ({
    role,
    agents: agents.map((agent) => agent.id),
    lite: lite.map((agent) => agent.id),
  }));

/** All agents of all roles, in their order. */
export const everyone = <Id extends string, State>(roles: Roles<Id, State>): Agent<Id, State>[] =>
  Object.values(roles).flatMap(({ agents = [], lite = [] }) => [...agents, ...lite]);

export function roleIssues(crews: readonly Crew[]): Issue[] {
  return [
    ...(crews.length === 0 ? [{ path: "roles", code: "NO_AGENTS", message: "give at least one role" }] : []),
    ...crews.flatMap(({ role, agents, lite }): Issue[] => [
      ...(ROLE.test(role) ? [] : [{ path: `roles.${role}`, code: "BAD_NAME", message: "use letters, digits, _ and - only (at most 64)" }]),
      ...(agents.length + lite.length > 0
        ? []
        : [{ path: `roles.${role}`, code: "NO_AGENTS", message: "nobody plays this role; give agents or lite" }]),
    ]),
  ];
}

/** Issues of names that have to be roles. */
export const unknownRoles = (path: string, named: readonly string[], crews: readonly Crew[]): Issue[] =>
  named
    .filter((role) => !crews.some((crew) => crew.role === role))
    .map((role) => ({
      path,
      code: "UNKNOWN_ROLE",
      message: `"${role}" is no role; there are ${crews.map((crew) => crew.role).join(", ")}`,
    }));

/**
 * The roles a message is for, or the agent.
 * @throws InvalidRequestError for a role nobody registered, UnknownAgentError for an agent that is not here: neither goes to somebody else.
 */
export function addressees(
  turn: Pick<Turn, "messages" | "config">,
  crews: readonly Crew[],
  otherwise: readonly string[],
): { readonly roles: readonly string[]; readonly agent?: string } {
  const { agentId, agentRole } = envelopeOf(turn);
  const ids = crews.flatMap((crew) => [...crew.agents, ...crew.lite]);
  if (agentId !== undefined && !ids.includes(agentId)) throw new UnknownAgentError(agentId, ids);
  const roles = agentRole ?? otherwise;
  const unknown = roles.find((role) => !crews.some((crew) => crew.role === role));
  if (unknown !== undefined)
    throw new InvalidRequestError(`A message for role "${unknown}"`, "nobody plays it", crews.map((crew) => crew.role).join(", "));
  return { roles, ...(agentId === undefined ? {} : { agent: agentId }) };
}

/**
 * Transitions to whoever of a role is next: its agents in turn, counted in the context under `next`; the first lite agent when it
 * has no other. `phaseOf` names the phase of an agent there.
 */
export function toNext({ role, agents, lite }: Crew, phaseOf: (agent: string) => string = (agent) => agent) {
  const [stand] = lite;
  if (agents.length === 0) return [{ target: phaseOf(stand ?? "") }];
  const turn = `next.${role}`;
  return agents.map((agent, index) => ({
    target: phaseOf(agent),
    actions: [count(turn, 1, { modulo: agents.length })],
    ...(index === agents.length - 1 ? {} : { guard: below(turn, index + 1) }), // asked in order: it is not below `index`
  }));
}

/** The states of a role: who is done goes on; who fails is stood in for by the lite agents, one after another. */
export function roleStates({ agents, lite }: Crew, onward: unknown, phaseOf: (agent: string) => string = (agent) => agent) {
  const stands = (index: number) => {
    const stand = lite[index];
    return stand === undefined ? {} : { FAIL: phaseOf(stand) };
  };
  return Object.fromEntries([
    ...agents.map((agent) => [phaseOf(agent), { on: { DONE: onward as string, ...stands(0) } }] as const),
    ...lite.map((agent, index) => [phaseOf(agent), { on: { DONE: onward as string, ...stands(index + 1) } }] as const),
  ]);
}
