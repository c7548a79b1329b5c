import type { Json } from "../base/json.js";
import type { Member } from "./agent.js";

/** Of an agent what can be seen from outside. */
export type SeenAgent = Member["agent"];

/** The agent itself, without what patterns have put around it. */
export function unwrapped(agent: SeenAgent): SeenAgent {
  let inner = agent;
  while (inner.wraps !== undefined) inner = inner.wraps;
  return inner;
}

/** Everybody who works inside of an agent, also where a pattern has put something around it. */
export function membersOf(agent: SeenAgent): Member[] {
  const members = [...(agent.members ?? [])];
  const inner = agent.wraps === undefined ? [] : membersOf(agent.wraps);
  return [...inner.filter((member) => !members.includes(member)), ...members];
}

/**
 * What is inside of an agent, for a fingerprint: the charts of nested orchestrations, and those who work in it, in their order, because
 * the first of a fan-out's workers does the tasks that name nobody. Undefined when it is all by itself.
 */
export function insideOf(agent: SeenAgent): Json | undefined {
  const { chart } = unwrapped(agent) as { readonly chart?: { readonly fingerprint: string } }; // an orchestration has one
  const members = membersOf(agent);
  if (chart === undefined && members.length === 0) return undefined;
  return {
    ...(chart === undefined ? {} : { chart: chart.fingerprint }),
    ...(members.length === 0 ? {} : { members: members.map(({ as, agent: member }) => [as, member.id, insideOf(member) ?? null]) }),
  };
}
