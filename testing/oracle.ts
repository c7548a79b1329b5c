import { deepEqual } from "node:assert/strict";
import { transition, type AnyMachineSnapshot } from "xstate";
import type { Chart } from "../src/statechart/chart.js";
import type { Control, ControlEvent } from "../src/statechart/control.js";
import { EVENT } from "../src/statechart/vocabulary.js";

/** The chart as XState alone plays it: what the graph's state is measured against. */
export class Oracle {
  private snapshot: AnyMachineSnapshot;

  constructor(private readonly chart: Chart) {
    this.snapshot = chart.initial;
  }

  /** Plays an event as the kernel promises to: an input that the chart does not know starts a turn, and a finished chart anew. */
  send(event: ControlEvent): void {
    const isInput = event.type === EVENT.INPUT;
    if (isInput && this.snapshot.status === "done" && this.chart.whenDone === "restart") this.snapshot = this.chart.initial;
    if (this.snapshot.can(event)) [this.snapshot] = transition(this.chart.machine, this.snapshot, event) as [AnyMachineSnapshot, unknown];
    else if (!isInput) throw new Error(`The machine does not accept "${event.type}" in ${JSON.stringify(this.snapshot.value)}.`);
  }

  /** True when XState would move on the event; an input is also taken where the chart has no transition for it. */
  accepts(event: { readonly type: string }): boolean {
    if (event.type !== EVENT.INPUT) return this.snapshot.can(event);
    return this.snapshot.status !== "done" || this.chart.whenDone === "restart";
  }

  /** @throws AssertionError when the thread is somewhere else than the chart. */
  agrees(control: Control): void {
    const { value, context, status } = this.snapshot;
    deepEqual({ value: control.value, context: control.context, done: control.done }, { value, context, done: status === "done" });
  }

  /** The event types of the vocabulary that are open now, as XState has it. */
  open(): string[] {
    if (this.snapshot.status === "done") return this.chart.whenDone === "restart" ? [EVENT.INPUT] : [];
    return [...this.chart.vocabulary].filter((type) => type !== EVENT.INPUT && this.snapshot.can({ type }));
  }
}
