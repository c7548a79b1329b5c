import type { Chart } from "../statechart/chart.js";
import type { Arrow } from "../statechart/edges.js";
import { activePhases, type Control, type TrailEntry } from "../statechart/control.js";
import { covers } from "../statechart/descriptor.js";
import { phasesOf } from "../statechart/legal.js";

const FINISH = "Finish it under the old definition.";

/**
 * Why a thread may not go on under another chart, or undefined when it may: its place has to be there, with the same agents, and nothing
 * may come before it that the thread has not been through.
 */
export function obstacleTo(chart: Chart, control: Control): string | undefined {
  return missing(chart, control) ?? changedHands(chart, control) ?? skipped(chart, control);
}

/** What of the thread has no place in the chart. */
function missing(chart: Chart, control: Control): string | undefined {
  try {
    const snapshot = chart.machine.resolveState({ value: control.value, context: control.context });
    for (const ids of Object.values(control.history ?? {})) for (const id of ids) chart.machine.getStateNodeById(id);
    const lost = [...control.waiting, ...control.last.starts].filter((phase) => !chart.phases.has(phase));
    if (lost.length > 0) return `it waits in "${lost.join('", "')}", which this chart does not have. ${FINISH}`;
    return JSON.stringify(snapshot.value) === JSON.stringify(control.value) || control.done
      ? undefined
      : `its place ${JSON.stringify(control.value)} means ${JSON.stringify(snapshot.value)} here. ${FINISH}`;
  } catch {
    return `it stands in ${JSON.stringify(control.value)}, which this chart does not have. ${FINISH}`;
  }
}

/** A question that one agent asked is not answered to another. */
function changedHands(chart: Chart, control: Control): string | undefined {
  const active = phasesOf(chart, control);
  if (control.agents === undefined && active.some((phase) => chart.agentIds.has(phase))) {
    return `an earlier release stored it, which did not keep who works in "${active.join('", "')}". ${FINISH}`;
  }
  const phase = active.find((each) => control.agents?.[each] !== chart.agentIds.get(each));
  if (phase === undefined) return undefined;
  const [was, is] = [control.agents?.[phase], chart.agentIds.get(phase)].map((id) => (id === undefined ? "nobody" : `"${id}"`));
  return `in "${phase}" it is with ${was}, and here with ${is}; what was asked there is not for another. ${FINISH}`;
}

/** A step of the thread's own way that leads elsewhere here: a phase was put in that it has not been through. */
function skipped(chart: Chart, control: Control): string | undefined {
  const way = wayOf(control);
  const [first] = way;
  const begun = placesIn(chart, first?.from ?? "").concat(first === undefined ? phasesOf(chart, control) : []);
  const start = activePhases(chart, chart.initial);
  if (isWhole(control, way) && begun.length > 0 && !begun.some((phase) => start.includes(phase))) {
    return before(start, begun, "at the start");
  }
  for (const { event, from, to } of way) {
    const sources = placesIn(chart, from);
    const entered = placesIn(chart, to).filter((phase) => !sources.includes(phase));
    const known = sources.filter((phase) => chart.arrows.has(phase));
    if (known.length === 0) continue; // it came from what is no more
    const arrows = known.flatMap((phase) => arrowsOn(chart, phase, event));
    const woken = known.flatMap((phase) => chart.wakesFrom.get(phase) ?? []);
    const lost = entered.filter((phase) => !arrows.some((arrow) => arrow.to === phase) && !woken.includes(phase));
    if (lost.length > 0) return before([...new Set(arrows.map((arrow) => arrow.to))], lost, `after ${event} in "${known.join('", "')}"`);
  }
  return undefined;
}

const before = (inserted: readonly string[], places: readonly string[], when: string): string => {
  const names = inserted.filter((phase) => !phase.startsWith("__")).map((phase) => `"${phase}"`);
  const what = names.length === 0 ? "another way leads" : `${names.join(", ")} comes`;
  return `${what} before "${places.join('", "')}" here (${when}), and onChartChange: "resume" skips nothing. ${FINISH}`;
};

function arrowsOn(chart: Chart, phase: string, event: string): Arrow[] {
  const heard = [...(chart.arrows.get(phase) ?? []), ...(chart.inputs.get(phase) ?? [])];
  return heard.filter((arrow) => arrow.isReply !== true && covers(arrow.event, event));
}

/** The transitions of the present episode, as far as they are known. */
function wayOf({ trail, episode }: Control): readonly TrailEntry[] {
  return trail.filter((entry) => (entry.episode ?? 1) === episode);
}

/** True when the way is known from the episode's beginning. */
const isWhole = ({ trail, seq }: Control, way: readonly TrailEntry[]): boolean =>
  seq === 0 || (way.length > 0 && (trail[0]?.seq === 1 || way[0] !== trail[0]));

/** The phases in a label of the trail: `review.law, review.style.done`. */
function placesIn(chart: Chart, label: string): string[] {
  const paths = new Map([...chart.phases.values()].map(({ name, path }) => [path.join("."), name]));
  return label.split(", ").flatMap((path) => paths.get(path) ?? []);
}
