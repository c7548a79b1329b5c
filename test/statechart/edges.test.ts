import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine, type AnyStateMachine } from "xstate";
import { advance } from "../../src/statechart/advance.js";
import { readChart, speaks, type Chart } from "../../src/statechart/chart.js";
import { initialControl, type Control } from "../../src/statechart/control.js";
import { phasesOf, snapshotOf } from "../../src/statechart/legal.js";
import { END, EVENT, START } from "../../src/statechart/vocabulary.js";
import { machine, machineOf, walk } from "./random-machine.js";
import { runs } from "../runs.js";

/** A random machine's chart; undefined where XState or the rules for charts refuse it, such as one that ends at once. */
function chartOf(...[shapes, numbers]: Parameters<typeof machineOf>): Chart | undefined {
  try {
    return readChart(machineOf(shapes, numbers), { name: "m" });
  } catch {
    return undefined;
  }
}

const hears = (pattern: string, type: string): boolean =>
  pattern === type || pattern === "*" || (pattern.endsWith(".*") && `${type}.`.startsWith(pattern.slice(0, -1)));

const send = (chart: Chart, control: Control, event: string, who = 0): Control => {
  const active = phasesOf(chart, control);
  const phase = active[who % Math.max(1, active.length)];
  return advance(chart, control, { type: event, meta: { by: "test", at: 0, ...(phase === undefined ? {} : { phase }) } });
};

/** Every phase entered by an event has an arrow, from the phase that heard it or another active one; `always` of other regions aside. */
function uncovered(chart: Chart, before: Control, after: Control, event: string): string[] {
  const was = phasesOf(chart, before);
  const entered = phasesOf(chart, after).filter((phase) => !was.includes(phase));
  const targets = after.done ? [...entered, END] : entered;
  const inputs = event === EVENT.INPUT ? chart.inputs : new Map<string, never[]>();
  const arrows = was.flatMap((phase) => [...(chart.arrows.get(phase) ?? []), ...(inputs.get(phase) ?? [])]);
  const woken = was.flatMap((phase) => chart.wakesFrom.get(phase) ?? []);
  return targets.filter(
    (to) =>
      !arrows.some((arrow) => hears(arrow.event, event) && arrow.to === to) && !woken.includes(to) && !(to === END && woken.length > 0),
  );
}

/** In final states only, and not at the end: verify() calls this a dead end, and no arrow can leave it or lead there. */
const isNowhere = (chart: Chart, control: Control): boolean => !control.done && phasesOf(chart, control).length === 0;

/** A region that is done has no phase that an arrow could leave, though what is written on the region is still heard. */
const hasIdleRegion = (chart: Chart, control: Control): boolean =>
  snapshotOf(chart, control)._nodes.some((node) => node.type === "final" && !control.done);

const from = (states: AnyStateMachine, phase: string): string[] =>
  (readChart(states, { name: "m" }).arrows.get(phase) ?? []).map(({ event, to, guarded }) => `${event}${guarded ? "?" : ""}>${to}`);

const end = { type: "final" } as const;

describe("A3 the picture and the machine agree", () => {
  it("every step the reducer takes is an arrow of the picture", () => {
    let steps = 0;
    fc.assert(
      fc.property(machine, walk, ([shapes, numbers], events) => {
        const chart = chartOf(shapes, numbers);
        if (chart === undefined) return;
        let control = initialControl(chart);
        const starts = (chart.arrows.get(START) ?? []).filter((arrow) => arrow.event === "").map((arrow) => arrow.to);
        expect(starts).toEqual(expect.arrayContaining(control.done ? [END] : phasesOf(chart, control)));
        for (const [event, who] of events) {
          const next = send(chart, control, event, who);
          if (next.done && control.done) break;
          if (next.refusals > control.refusals || next.episode > control.episode) continue;
          if (hasIdleRegion(chart, control)) break;
          if (isNowhere(chart, control)) break;
          expect(uncovered(chart, control, next, event), `${event} in ${phasesOf(chart, control).join()}`).toEqual([]);
          steps += 1;
          control = next;
        }
      }),
      { numRuns: runs(150, 1_500) },
    );
    expect(steps).toBeGreaterThan(runs(50, 1_000));
  });

  it("the only arrow of an event, without a guard, is taken when nothing runs beside it", () => {
    let taken = 0;
    fc.assert(
      fc.property(machine, walk, ([shapes, numbers], events) => {
        const chart = chartOf(shapes, numbers);
        if (chart === undefined || chart.hasParallel) return;
        let control = initialControl(chart);
        for (const [event, who] of events) {
          const [phase] = phasesOf(chart, control);
          if (phase === undefined) return;
          const arrows = chart.arrows.get(phase) ?? [];
          for (const arrow of arrows) {
            if (
              arrow.guarded ||
              arrow.isReply === true ||
              arrows.some((other) => other !== arrow && (hears(other.event, arrow.event) || hears(arrow.event, other.event)))
            )
              continue;
            const next = send(chart, control, arrow.event === "*" ? "anything" : arrow.event);
            if (next.refused.at(-1)?.why.includes("history state") === true) continue;
            expect(next.done ? END : phasesOf(chart, next)[0], `${arrow.event} in ${phase}`).toBe(arrow.to);
            taken += 1;
          }
          control = send(chart, control, event, who);
        }
      }),
      { numRuns: runs(80, 800) },
    );
    expect(taken).toBeGreaterThan(runs(50, 300));
  });

  it("an event that no arrow of the active phases shows is refused", () => {
    fc.assert(
      fc.property(machine, walk, ([shapes, numbers], events) => {
        const chart = chartOf(shapes, numbers);
        if (chart === undefined) return;
        let control = initialControl(chart);
        for (const [event, who] of events) {
          const active = phasesOf(chart, control);
          const heard = active.some((phase) => chart.arrows.get(phase)?.some((arrow) => hears(arrow.event, event)));
          const next = send(chart, control, event, who);
          if (
            active.length > 0 &&
            !heard &&
            event !== EVENT.INPUT &&
            chart.wakesFrom.size === 0 &&
            !hasIdleRegion(chart, control) &&
            !isNowhere(chart, next)
          )
            expect(next.refusals, event).toBe(control.refusals + 1);
          control = next;
        }
      }),
      { numRuns: runs(50, 500) },
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

  it("a history state entered from inside its own parent is refused: XState would leave two branches active", () => {
    const part = { id: "part", initial: "x", states: { x: {}, h: { type: "history", target: "#away" } } } as const;
    const machine = createMachine({
      initial: "whole",
      states: { whole: { initial: "first", on: { BACK: ".part.h" }, states: { first: { on: { GO: "part" } }, part } }, b: { id: "away" } },
    });
    const chart = readChart(machine, { name: "m" });
    const inside = send(chart, initialControl(chart), "GO");
    const control = send(chart, inside, "BACK");
    expect(phasesOf(chart, control)).toEqual(["whole.part.x"]);
    expect(control.value).toEqual(inside.value);
    expect(control.refused.at(-1)?.why).toBe("a history state cannot be entered from inside the state it belongs to");
    expect(phasesOf(chart, send(chart, initialControl(chart), "BACK"))).toEqual(["away"]);
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
