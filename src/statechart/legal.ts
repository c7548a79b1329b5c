import type { AnyMachineSnapshot } from "xstate";
import { activePhases } from "./control.js";
import { speaks, type Chart, type ChartPlace } from "./reading.js";
import { EVENT } from "./vocabulary.js";

/** True when the chart would move on the event. Never throws; a guard that throws refuses. */
export function can(chart: Chart, control: ChartPlace, event: { readonly type: string }): boolean {
  if (control.done || !speaks(chart, event.type)) return false;
  try {
    return snapshotOf(chart, control).can(event);
  } catch {
    return false;
  }
}

/** Event types open to the active phases (or to one of them) now; guards see the bare event. */
export function legalEvents(chart: Chart, control: ChartPlace, phase?: string): string[] {
  if (control.done) return chart.whenDone === "restart" ? [EVENT.INPUT] : [];
  const phases = phase === undefined ? activePhases(chart, snapshotOf(chart, control)) : [phase];
  const types = new Set(
    phases.flatMap((name) => (chart.arrows.get(name) ?? []).filter((arrow) => arrow.isReply !== true).map((arrow) => arrow.event)),
  );
  return [...types].filter((type) => can(chart, control, { type }));
}

/** The phases the chart is in: several inside a parallel state, none when it is done. */
export function phasesOf(chart: Chart, control: ChartPlace): string[] {
  return activePhases(chart, snapshotOf(chart, control));
}

const snapshots = new WeakMap<ChartPlace, AnyMachineSnapshot>();

/** The XState snapshot of a stored state, resolved once for each object. */
export function snapshotOf(chart: Chart, control: ChartPlace): AnyMachineSnapshot {
  const known = snapshots.get(control);
  if (known !== undefined) return known;
  const historyValue = Object.fromEntries(
    Object.entries(control.history ?? {}).map(([id, ids]) => [id, ids.map((nodeId) => chart.machine.getStateNodeById(nodeId))]),
  );
  const snapshot = chart.machine.resolveState({ value: control.value, context: control.context, historyValue }) as AnyMachineSnapshot;
  snapshots.set(control, snapshot);
  return snapshot;
}

/** Keeps the snapshot a transition came to, which spares resolving it again. */
export function keepSnapshot(control: ChartPlace, snapshot: AnyMachineSnapshot): void {
  snapshots.set(control, snapshot);
}
