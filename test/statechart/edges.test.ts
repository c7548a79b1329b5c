import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChart, type Chart } from "../../src/statechart/chart.js";
import { advance } from "../../src/statechart/advance.js";
import { initialControl, type Control } from "../../src/statechart/control.js";
import { phasesOf } from "../../src/statechart/legal.js";
import { END, START } from "../../src/statechart/vocabulary.js";
import { machine, machineOf, walk } from "./random-machine.js";

/** What the picture says can follow: every phase entered by an event has an arrow, from the phase that heard it or another active one. */
function uncovered(chart: Chart, before: Control, after: Control, event: string): string[] {
  const was = phasesOf(chart, before);
  const entered = phasesOf(chart, after).filter((phase) => !was.includes(phase));
  const targets = after.done ? [...entered, END] : entered;
  const arrows = was.flatMap((phase) => chart.arrows.get(phase) ?? []);
  return targets.filter((to) => !arrows.some((arrow) => arrow.event === event && arrow.to === to));
}

describe("A3 the picture and the machine agree", () => {
  it("every step the reducer takes is an arrow of the picture", () => {
    fc.assert(
      fc.property(machine, walk, ([shapes, numbers], events) => {
        let chart: Chart;
        try {
          chart = readChart(machineOf(shapes, numbers), { name: "m" });
        } catch {
          return; // XState refuses some shapes, such as a machine that ends at once
        }
        let control = initialControl(chart);
        const starts = (chart.arrows.get(START) ?? []).filter((arrow) => arrow.event === "").map((arrow) => arrow.to);
        expect(starts).toEqual(expect.arrayContaining(control.done ? [END] : phasesOf(chart, control)));
        for (const [event, who] of events) {
          const active = phasesOf(chart, control);
          const phase = active[who % Math.max(1, active.length)];
          const next = advance(chart, control, { type: event, meta: { by: "test", at: 0, ...(phase === undefined ? {} : { phase }) } });
          if (next.refusals > control.refusals) break;
          expect(uncovered(chart, control, next, event), `${event} in ${active.join()}`).toEqual([]);
          control = next;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("an unguarded arrow of the phase that hears the event is taken, when nothing runs beside it", () => {
    fc.assert(
      fc.property(machine, ([shapes, numbers]) => {
        let chart: Chart;
        try {
          chart = readChart(machineOf(shapes, numbers), { name: "m" });
        } catch {
          return;
        }
        if (chart.hasParallel) return;
        const control = initialControl(chart);
        const [phase] = phasesOf(chart, control);
        if (phase === undefined) return;
        for (const arrow of chart.arrows.get(phase) ?? []) {
          if (arrow.guarded || arrow.event === "REPLY") continue;
          const others = (chart.arrows.get(phase) ?? []).filter((other) => other.event === arrow.event);
          if (others.length > 1) continue;
          const next = advance(chart, control, { type: arrow.event, meta: { by: "test", at: 0, phase } });
          expect(next.done ? END : phasesOf(chart, next)[0]).toBe(arrow.to);
        }
      }),
      { numRuns: 500 },
    );
  });
});
