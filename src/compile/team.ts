import { membersOf, unwrapped, type SeenAgent } from "../agent/inside.js";
import type { Finding } from "../statechart/verify.js";

/** What can be seen of an orchestration from outside; every orchestration fits. */
export interface Team {
  readonly name: string;
  readonly phases: readonly string[];
  agentOf(phase: never): SeenAgent | undefined;
  verify(): { readonly findings: readonly Finding[] };
}

/** Somebody who works in a team, wherever in it. */
export interface Teammate {
  /** The way there from the outermost team: phases, and the ids of workers and observers: `["research", "crew", "reader"]`. */
  readonly path: readonly string[];
  /** The agent itself, without what patterns have put around it. */
  readonly agent: SeenAgent;
  readonly as: "phase" | "worker" | "observer";
  /** At work at once at most; undefined when nobody knows. */
  readonly most?: number;
  /** Set when it is an orchestration: those who work there follow. */
  readonly team?: Team;
}

/**
 * Everybody in a team: those who work in its phases, in nested orchestrations, and inside of agents, such as the workers of a fan-out.
 * Each comes before those inside of it.
 * @example
 * const agents = teamOf(support).map(({ path, agent }) => `${path.join("/")}: ${agent.id}`);
 */
export function teamOf(team: Team): Teammate[] {
  return team.phases.flatMap((phase) => {
    const agent = team.agentOf(phase as never); // one of its own phases
    return agent === undefined ? [] : matesIn(agent, [phase], "phase");
  });
}

function matesIn(agent: SeenAgent, path: readonly string[], as: Teammate["as"], most?: number): Teammate[] {
  const self = unwrapped(agent);
  const team = teamIn(self);
  const mate: Teammate = {
    path,
    agent: self,
    as,
    ...(most === undefined ? {} : { most }),
    ...(team === undefined ? {} : { team }),
  };
  const inner = team === undefined ? [] : teamOf(team).map((each) => ({ ...each, path: [...path, ...each.path] }));
  const members = membersOf(agent).flatMap((member) => matesIn(member.agent, [...path, member.agent.id], member.as, member.most));
  return [mate, ...inner, ...members];
}

const teamIn = (agent: SeenAgent): Team | undefined =>
  "phases" in agent && "agentOf" in agent && "verify" in agent ? (agent as unknown as Team) : undefined; // only orchestrations have these

/** What `verify()` finds in the orchestrations inside of an agent; each place with the way there. */
export function findingsInside(agent: SeenAgent, path: readonly string[]): Finding[] {
  const team = teamIn(unwrapped(agent));
  const own = (team?.verify().findings ?? []).map((finding) => ({ ...finding, place: [...path, finding.place].join("/") }));
  const members = membersOf(agent).flatMap((member) => findingsInside(member.agent, [...path, member.agent.id]));
  return [...own, ...members];
}
