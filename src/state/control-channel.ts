import { BaseChannel } from "@langchain/langgraph";
import { ChartMismatchError } from "../base/errors.js";
import { freeze, isPlainObject } from "../base/json.js";
import { chartLabel, type Chart } from "../statechart/chart.js";
import { advance } from "../statechart/advance.js";
import { initialControl, type Control, type ControlEvent } from "../statechart/control.js";

import { obstacleTo } from "./chart-change.js";
import { fromStoredControl, storedControl, type StoredControl } from "./stored-control.js";

/**
 * What may be done with a thread that was written under another chart. `"resume"` goes on only where the same agents work in its phases
 * and nothing was put in before them; else it is refused with what is in the way.
 */
export type OnChartChange = "refuse" | "resume";

/**
 * The channel that holds the chart's state. An update is an event (or a list of events); whatever else arrives, `Overwrite`
 * included, changes nothing but the record of refusals. It never throws on an update: a reducer that throws would poison the thread.
 */
export class ControlChannel extends BaseChannel<Control, ControlEvent, StoredControl> {
  lc_graph_name = "PhasegraphControl";
  private value: Control;

  constructor(
    private readonly chart: Chart,
    private readonly onChange: OnChartChange,
    value?: Control,
  ) {
    super();
    this.value = value ?? initialControl(chart);
  }

  /** @throws ChartMismatchError when the stored state belongs to another chart and may not, or cannot, go on under this one. */
  override fromCheckpoint(stored?: StoredControl): this {
    const value = stored === undefined ? undefined : freeze(adopt(this.chart, stored, this.onChange));
    return new ControlChannel(this.chart, this.onChange, value) as this;
  }

  override update(updates: ControlEvent[]): boolean {
    const before = this.value;
    for (const update of updates.flat(1)) this.value = advance(this.chart, this.value, update);
    return this.value !== before;
  }

  override get(): Control {
    return this.value;
  }

  override checkpoint(): StoredControl {
    return storedControl(this.value);
  }

  override isAvailable(): boolean {
    return true;
  }

  override equals(other: BaseChannel): boolean {
    return this === other || (other instanceof ControlChannel && other.chart === this.chart);
  }
}

/** Stored state as this chart may use it. Forms of earlier versions will be lifted here, one pure step each. */
function adopt(chart: Chart, stored: StoredControl, onChange: OnChartChange): Control {
  if (!isPlainObject(stored) || !isPlainObject(stored.chart) || !Array.isArray(stored.trail)) {
    throw new ChartMismatchError(
      "something other than phasegraph",
      chartLabel(chart),
      `its "control" is not a chart's state. Use another thread.`,
    );
  }
  if (stored.v !== 1) {
    throw new ChartMismatchError(
      chartLabel(stored.chart),
      chartLabel(chart),
      `its stored form is version ${String(stored.v)}, and this release reads version 1. Update phasegraph.`,
    );
  }
  const isSame = stored.chart.name === chart.name && chart.isFingerprint(stored.chart.fingerprint);
  if (isSame && stored.chart.fingerprint === chart.fingerprint) return fromStoredControl(stored);
  const current: Control = {
    ...fromStoredControl(stored),
    chart: { name: chart.name, version: chart.version, fingerprint: chart.fingerprint },
  };
  if (isSame) return current;
  const obstacle = obstacleTo(chart, current);
  if (obstacle !== undefined) throw new ChartMismatchError(chartLabel(stored.chart), chartLabel(chart), obstacle);
  if (onChange === "resume") return current;
  throw new ChartMismatchError(
    chartLabel(stored.chart),
    chartLabel(chart),
    `the states, transitions or agents differ. Its place in the chart still exists: compile({ onChartChange: "resume" }) goes on there.`,
  );
}
