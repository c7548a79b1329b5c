import type { AnyMachineSnapshot } from "xstate";
import type { Chart } from "./reading.js";
import { upward } from "./tree.js";

/** The phases that may start because of an event, beside those it newly entered: routing leads to them, and they check on entry. */
export function alsoStarts(
  chart: Chart,
  source: string,
  type: string,
  after: AnyMachineSnapshot,
  was: readonly string[],
  is: readonly string[],
): string[] {
  const again = is.includes(source) ? [source] : [];
  const joins = regionIsDone(chart, source, after) ? (chart.joinsFrom.get(source) ?? []).filter((phase) => !is.includes(phase)) : [];
  const doubtful = was.length < 2 ? [] : doubtfulStarts(chart, source, type);
  return [...again, ...joins, ...doubtful];
}

/** A sibling's event of the same step may decide a guard otherwise. Whoever might start then is routed to as well. */
function doubtfulStarts(chart: Chart, source: string, type: string): string[] {
  const arrows = (chart.arrows.get(source) ?? []).filter((arrow) => arrow.event === type);
  const others = arrows.some((arrow) => arrow.guarded) ? [source, ...arrows.map((arrow) => arrow.to)] : [];
  return [...others, ...(chart.wakesFrom.get(source) ?? [])].filter((phase) => chart.phases.has(phase));
}

/** True when a region around the phase has come to its end while others of its parallel state still work. */
function regionIsDone(chart: Chart, source: string, after: AnyMachineSnapshot): boolean {
  if (!chart.hasParallel) return false;
  const path = chart.phases.get(source)?.path ?? [];
  return after._nodes.some(
    (node) =>
      node.type === "final" &&
      [...upward(node)].some((at) => at.parent?.type === "parallel" && at.path.every((key, index) => path[index] === key)),
  );
}
