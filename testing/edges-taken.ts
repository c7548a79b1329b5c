import type { Chart } from "../src/statechart/chart.js";
import type { Control } from "../src/statechart/control.js";
import type { Edge } from "../src/statechart/edges.js";
import { phasesOf } from "../src/statechart/legal.js";
import { BOOKKEEPING, END, EVENT, START } from "../src/statechart/vocabulary.js";
import type { Step } from "./steps.js";

/** `intake —HANDOFF.handling→ handling`. */
export const edgeName = ({ from, event, to }: Pick<Edge, "from" | "event" | "to">): string =>
  `${from === START ? "start" : from} —${event}→ ${to === END ? "end" : to}`;

/**
 * The edges that a step took. Those into a join count when it is reached: what regions did before, `begun`, counts then too.
 */
export function follow(chart: Chart, begun: readonly Edge[], before: Control, step: Step, after: Control) {
  const is = phasesOf(chart, after);
  const arrived = ({ joins, to }: Edge): boolean => !joins || (to === END ? after.done : is.includes(to));
  const edges = [...begun, ...edgesTaken(chart, before, step, after)];
  const awaited = ({ to }: Edge): boolean => is.some((phase) => chart.arrows.get(phase)?.some((arrow) => arrow.joins && arrow.to === to));
  return { taken: edges.filter(arrived), begun: edges.filter((edge) => !arrived(edge) && !is.includes(edge.from) && awaited(edge)) };
}

/** The edges of the picture that a step took. */
export function edgesTaken(chart: Chart, before: Control, { event, from }: Step, after: Control): Edge[] {
  const was = phasesOf(chart, before);
  const is = phasesOf(chart, after);
  const entered = (phase: string): boolean => is.includes(phase) && !was.includes(phase);
  const leftFor = (phase: string, type: string): boolean =>
    (chart.arrows.get(phase) ?? []).some((arrow) => arrow.event === type && !arrow.joins && entered(arrow.to));
  return chart.edges.filter((edge) => {
    if (edge.from === START)
      return event.type === EVENT.INPUT && is.includes(edge.to) && (edge.event === EVENT.INPUT ? before.turn > 0 : before.turn === 0);
    if (edge.from !== from && (from !== undefined || !was.includes(edge.from))) return false;
    if (edge.isReply === true) return event.type === BOOKKEEPING.REPLY;
    if (!hears(edge.event, event.type)) return false;
    if (edge.joins) return !is.includes(edge.from) && !leftFor(edge.from, edge.event);
    return edge.to === END ? after.done : entered(edge.to) || (edge.to === edge.from && is.includes(edge.to));
  });
}

const hears = (pattern: string, type: string): boolean =>
  pattern === type || pattern === "*" || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1)));
