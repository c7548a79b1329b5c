import type { HandoffTarget } from "../agent/agent.js";
import type { Chart } from "../statechart/chart.js";
import type { Control } from "../statechart/control.js";
import { can } from "../statechart/legal.js";
import { EVENT } from "../statechart/vocabulary.js";

/** Which agent works where; kept by the compiler. */
export interface Directory {
  readonly agentOf: ReadonlyMap<string, string>;
  readonly descriptionOf: ReadonlyMap<string, string | undefined>;
}

/** The handoffs open to a phase now, each with the agent that would take over. */
export function openHandoffs(chart: Chart, directory: Directory, control: Control, phase: string): HandoffTarget[] {
  const targets = new Map<string, HandoffTarget>();
  for (const arrow of chart.arrows.get(phase) ?? []) {
    if (
      !arrow.event.startsWith(EVENT.HANDOFF) ||
      arrow.event.endsWith("*") ||
      targets.has(arrow.event) ||
      !can(chart, control, { type: arrow.event })
    )
      continue;
    targets.set(arrow.event, {
      target: arrow.event.slice(EVENT.HANDOFF.length),
      agent: directory.agentOf.get(arrow.to),
      description: directory.descriptionOf.get(arrow.to) ?? chart.phases.get(arrow.to)?.description,
    });
  }
  return [...targets.values()];
}

/** The event that hands over to `to`: by target name, else by the agent that works there. Undefined when no open handoff leads there. */
export function handoffEvent(chart: Chart, directory: Directory, control: Control, phase: string, to: string): string | undefined {
  const direct = `${EVENT.HANDOFF}${to}`;
  if (can(chart, control, { type: direct })) return direct;
  const target = openHandoffs(chart, directory, control, phase).find((open) => open.agent === to);
  return target === undefined ? undefined : `${EVENT.HANDOFF}${target.target}`;
}
