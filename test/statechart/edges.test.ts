import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine, type AnyStateMachine } from "xstate";
import { readChart, speaks, type Chart } from "../../src/statechart/chart.js";
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

const from = (states: AnyStateMachine, phase: string): string[] =>
  (readChart(states, { name: "m" }).arrows.get(phase) ?? []).map(({ event, to, guarded }) => `${event}${guarded ? "?" : ""}>${to}`);

const end = { type: "final" } as const;

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

describe("arrows are read as XState takes them", () => {
  it("an inner transition without a guard hides the outer one, also when it is written as a pattern", () => {
    const inner = (on: object) =>
      createMachine({
        initial: "p",
        states: { p: { initial: "a", on: { "X.y": "out", "X.*": "out" }, states: { a: { on } } }, out: {} },
      } as never);
    expect(from(inner({ "X.y": {} }), "p.a")).toEqual(["X.*>out"]);
    expect(from(inner({ "X.*": {} }), "p.a")).toEqual([]);
    expect(from(inner({ "*": {} }), "p.a")).toEqual([]);
    expect(from(inner({ "X.y": { guard: () => true, target: "#(machine).out" } }), "p.a")).toEqual(["X.y>out", "X.*>out"]);
  });

  it("what an event without a target assigns may open an eventless transition", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { TICK: { actions: [] } }, always: { guard: () => false, target: "b" } }, b: {} },
    });
    expect(from(machine, "a")).toEqual([]);
  });

  it("a history state leads to what it may restore, and to its default", () => {
    const machine = (history: "shallow" | "deep") =>
      createMachine({
        initial: "a",
        states: {
          a: { on: { BACK: "p.h" } },
          p: {
            initial: "x",
            states: { x: {}, y: { initial: "y1", states: { y1: {}, y2: {} } }, h: { type: "history", history, target: "#elsewhere" } },
          },
          b: { id: "elsewhere" },
        },
      });
    expect(from(machine("shallow"), "a")).toEqual(["BACK>elsewhere", "BACK>p.x", "BACK>p.y.y1"]);
    expect(from(machine("deep"), "a")).toEqual(["BACK>elsewhere", "BACK>p.x", "BACK>p.y.y1", "BACK>p.y.y2"]);
  });

  it("a history state is no region of its parallel state", () => {
    const region = { initial: "run", states: { run: {} } };
    const machine = createMachine({
      initial: "p",
      states: { p: { type: "parallel", states: { x: region, h: { type: "history" } }, on: { OUT: "end" } }, end },
    });
    expect(from(machine, START)).toEqual([">p.x.run"]);
  });

  it("a final region joins", () => {
    const machine = createMachine({
      initial: "p",
      states: {
        p: {
          type: "parallel",
          states: { x: { type: "final" }, y: { initial: "run", states: { run: { on: { GO: "ok" } }, ok: end } } },
          onDone: "next",
        },
        next: {},
      },
    });
    expect(readChart(machine, { name: "m" }).arrows.get("p.y.run")).toMatchObject([{ event: "GO", to: "next", joins: true }]);
  });

  it("an arrow reached with and without a guard has none", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { GO: "b" } }, b: { always: [{ guard: () => true, target: "c" }, { target: "d" }] }, d: { always: "c" }, c: {} },
    });
    expect(from(machine, "a")).toEqual(["GO>c"]);
  });

  it("a new input leads on from the phase it finds", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { DONE: "b" } }, b: { tags: "waits", on: { "*": "c" } }, c: { tags: "waits", on: { INPUT: "a" } } },
    });
    const { inputs, arrows } = readChart(machine, { name: "m" });
    expect([...inputs].map(([phase, list]) => [phase, list.map((arrow) => arrow.to)])).toEqual([
      ["b", ["c"]],
      ["c", ["a"]],
    ]);
    expect(arrows.get(START)?.map(({ event, to }) => [event, to])).toEqual([
      ["", "a"],
      ["INPUT", "c"],
    ]);
  });

  it("a.* is heard for a, a.b and a.b.c, and nothing else, as in XState", () => {
    const machine = createMachine({ initial: "a", states: { a: { on: { "a.*": "b" } }, b: {} } });
    const chart = readChart(machine, { name: "m" });
    for (const type of ["a", "a.b", "a.b.c", "a.", "ab", "b.a", "*", "a.*", "xstate.a"]) {
      const moves = !type.startsWith("xstate.") && type !== "*" && chart.initial.can({ type });
      expect([type, speaks(chart, type)]).toEqual([type, moves]);
    }
  });

  it("chains of ten thousand eventless transitions are read without overflow", () => {
    const states = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`s${index}`, { always: `s${index + 1}` }]));
    const machine = createMachine({ initial: "a", states: { a: { on: { GO: "s0" } }, ...states, s10000: {} } });
    expect(from(machine, "a")).toEqual(["GO>s10000"]);
  });
});
