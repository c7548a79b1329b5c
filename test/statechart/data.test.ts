import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assign, createActor, createMachine, setup, type AnyStateMachine } from "xstate";
import { z } from "zod";
import type { Orchestration } from "../../index.js";
import { chartOf, verifyMachine, type Chart, type ChartPlace } from "../../src/statechart/index.js";
import {
  and,
  assignmentImplementations,
  below,
  collect,
  count,
  every,
  field,
  guardImplementations,
  inContext,
  is,
  keep,
  not,
  or,
  put,
  reset,
  set,
  tally,
} from "../../src/statechart/index.js";
import { advance } from "../../src/statechart/advance.js";
import { initialControl } from "../../src/statechart/control.js";
import { payloadsOf } from "../../testing/steps.js";
import { agent, qaGated } from "../../index.js";
import * as subjects from "../patterns/subjects.js";
import former from "../fixtures/fingerprints-v1.json" with { type: "json" };
import second from "../fixtures/fingerprints-v2.json" with { type: "json" };
import { mutantsOf } from "./mutants.js";

const all = Object.values(subjects).filter((each): each is typeof each & Orchestration => typeof each === "object" && "chart" in each);
const own = new Set(["everything", "racing"]);
const patterns = all.filter(({ name }) => !own.has(name));

/** The machine as JSON gives it back. */
const roundTrip = (machine: AnyStateMachine): AnyStateMachine => createMachine(JSON.parse(JSON.stringify(machine.config)) as never);

const optionsOf = ({ chart }: Orchestration) => ({ name: chart.name, events: chart.events, bindings: Object.fromEntries(chart.agentIds) });

/** Every place a walk comes to; the numbers choose among what the charts may hear. */
function walk(chart: Chart, choices: readonly number[]): string[] {
  let place: ChartPlace = initialControl(chart);
  const types = [...chart.vocabulary].sort();
  return choices.map((choice) => {
    const type = (types[choice % types.length] ?? "").replace(/\*$/, "x");
    const payload = payloadsOf(chart, type, {})[0] ?? {};
    place = chart.step(place, { ...payload, type }) ?? place;
    return JSON.stringify([place.value, place.context, place.done, place.waiting]);
  });
}

function functionsIn(value: unknown, path: string): string[] {
  if (typeof value === "function") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => functionsIn(inner, `${path}.${key}`));
}

describe("guards and assignments as data", () => {
  it.each(patterns.map((each) => [each.name, each] as const))("the machine of %s holds no function", (_name, { machine }) => {
    expect(functionsIn(machine.config, "machine")).toEqual([]);
  });

  it.each(patterns.map((each) => [each.name, each] as const))("JSON out and in, %s is the same chart", (_name, orchestration) => {
    const { chart } = orchestration;
    const again = chartOf(roundTrip(orchestration.machine), optionsOf(orchestration));
    const plain = chartOf(orchestration.machine, optionsOf(orchestration));
    expect(again.fingerprint).toBe(plain.fingerprint);
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 60 }), (choices) => {
        expect(walk(again, choices)).toEqual(walk(chart, choices));
      }),
      { numRuns: 15 },
    );
  });

  const machine = (on: object, context: object = {}) =>
    createMachine({ context, initial: "a", states: { a: { on: { ...on, DONE: "end" } }, end: { type: "final" } } } as never);
  const after = (on: object, context: object, ...events: { type: string; [key: string]: unknown }[]) => {
    const chart = chartOf(machine(on, context));
    let place: ChartPlace = initialControl(chart);
    for (const event of events) {
      const next = chart.step(place, event);
      if (next === undefined) return "refused";
      place = next;
    }
    return place.context;
  };
  const go = { type: "GO" };

  it("count, reset, set and keep", () => {
    expect(after({ GO: { actions: [count("n")] } }, {}, go, go)).toEqual({ n: 2 });
    expect(after({ GO: { actions: [count("n", -3)] } }, { n: 2 }, go)).toEqual({ n: 0 });
    expect(after({ GO: { actions: [count("turn.a", 1, { modulo: 2 })] } }, { turn: { b: 1 } }, go, go, go)).toEqual({
      turn: { a: 1, b: 1 },
    });
    expect(after({ GO: { actions: [reset("n"), set("why", ["x"])] } }, { n: 2 }, go)).toEqual({ n: 0, why: ["x"] });
    expect(after({ GO: { actions: [keep("x", "y")] } }, {}, { ...go, y: { z: 1 } })).toEqual({ x: { z: 1 } });
    expect(after({ GO: { actions: [keep("x", "y"), keep("z", "y", { otherwise: 7 })] } }, {}, go)).toEqual({ x: null, z: 7 });
    const via = keep("x", "via", { as: { a: 1 }, otherwise: 2 });
    expect(after({ GO: { actions: [via] } }, {}, { ...go, via: "a" })).toEqual({ x: 1 });
    expect(after({ GO: { actions: [via] } }, {}, { ...go, via: "constructor" })).toEqual({ x: 2 });
  });

  it("put keeps entries apart, in order, and the newest of too many", () => {
    const vote = (who: string) =>
      put(
        "votes",
        { who, said: field(["a", "b"], { otherwise: "-", most: 3 }), round: inContext("round") },
        { by: "who", order: ["x", "y"] },
      );
    expect(
      after(
        { Y: { actions: [vote("y")] }, X: { actions: [vote("x")] } },
        { round: 2 },
        { type: "Y", b: "long words" },
        { type: "X" },
        { type: "Y" },
      ),
    ).toEqual({
      round: 2,
      votes: [
        { who: "x", said: "-", round: 2 },
        { who: "y", said: "-", round: 2 },
      ],
    });
    expect(
      after({ GO: { actions: [put("list", field("n"), { most: 2 })] } }, {}, { ...go, n: 1 }, { ...go, n: 2 }, { ...go, n: 3 }),
    ).toEqual({ list: [2, 3] });
  });

  it("collect makes a record of a list, and refuses an item that is not known", () => {
    const on = { GO: { actions: [collect("seen", "items", { met: field("met") }, { by: "id", among: ["known"] })] } };
    const context = { known: [{ id: "A" }, { id: "constructor" }] };
    expect(after(on, context, { ...go, items: [{ id: "constructor", met: true, more: 1 }] })).toMatchObject({
      seen: { constructor: { met: true } },
    });
    expect(after(on, context, { ...go, items: [{ id: "toString", met: true }] })).toBe("refused");
  });

  it("tally counts ballots by its rules", () => {
    const ballot = { voter: "a", choice: "yes", confidence: 1, reason: "", round: 1 };
    expect(after({ GO: { actions: [tally("count", "ballots", { voters: ["a", "b"] })] } }, { ballots: [ballot] }, go)).toMatchObject({
      count: { winner: "yes", support: 0.5, missing: [] },
    });
  });

  it("guards are open and closed as they say", () => {
    const open = (guard: object, context: object) => after({ GO: { guard, actions: [], target: "a" } }, context, go) !== "refused";
    expect([open(below("n", 2), { n: 1 }), open(below("n", 2), { n: 2 }), open(below("n", 1), {})]).toEqual([true, false, true]);
    expect([open(below("list", 2), { list: [1] }), open(below("list", 2), { list: [1, 2] })]).toEqual([true, false]);
    expect([open(is("x.y", []), { x: { y: [] } }), open(is("x.y", []), { x: null }), open(is("constructor", null), {})]).toEqual([
      true,
      false,
      true,
    ]);
    const both = every("got", { ok: true }, { in: ["wanted"] });
    expect([
      open(both, { wanted: [{ id: "a" }], got: { a: { ok: true } } }),
      open(both, { wanted: [{ id: "a" }], got: {} }),
      open(both, { wanted: [], got: {} }),
    ]).toEqual([true, false, false]);
    const listed = every("got", { ok: true }, { ids: ["a", "b"], by: "who" });
    expect([open(listed, { got: [{ who: "a", ok: true }] }), open(listed, { got: ["a", "b"].map((who) => ({ who, ok: true })) })]).toEqual([
      false,
      true,
    ]);
    expect([
      open(and(below("n", 1), is("x", 1)), { x: 1 }),
      open(or(below("n", 0), is("x", 2)), { x: 1 }),
      open(not(below("n", 0)), {}),
    ]).toEqual([true, false, true]);
  });

  it("they stand beside the author's own named guards and actions, also inside of and, or and not", () => {
    const mine = setup({
      types: { context: {} as { n: number; amount: number }, events: {} as { type: string; amount?: number } },
      guards: { ...guardImplementations(), isSmall: ({ context }) => context.amount < 100 },
      actions: assignmentImplementations<{ n: number; amount: number }, { type: string; amount?: number }>(),
    }).createMachine({
      context: { n: 0, amount: 0 },
      initial: "a",
      states: {
        a: {
          on: {
            GO: { guard: below("n", 2), actions: count("n") },
            CLAIM: { actions: assign({ amount: ({ event }) => event.amount ?? 0 }) },
            PAY: { guard: and({ type: "isSmall" }, not(below("n", 1))), target: "end" },
          },
        },
        end: { type: "final" },
      },
    });
    const chart = chartOf(mine);
    const start = initialControl(chart);
    expect(chart.step(start, { type: "PAY" })).toBeUndefined();
    const counted = chart.step(start, go);
    expect(counted && chart.step(counted, { type: "PAY" })?.done).toBe(true);
    const dear = counted && chart.step(counted, { type: "CLAIM", amount: 500 });
    expect(dear && chart.step(dear, { type: "PAY" })).toBeUndefined();
    expect(verifyMachine(mine).findings.map(({ code }) => code)).not.toContain("OPAQUE_GUARD");
    const bare = createActor(mine).start();
    bare.send(go);
    expect(bare.getSnapshot().context.n).toBe(1);
  });

  it("a refusal names the limit that was met", () => {
    const chart = chartOf(machine({ GO: { guard: and(not(is("x", 1)), below("n", 0, "maxGoes")), target: "a" } }));
    const refused = advance(chart, initialControl(chart), go);
    expect(refused.refused.at(-1)?.why).toBe("it is closed: n has reached its limit of 0 (maxGoes)");
  });

  it("a guard that is a function is told: its check, and nothing else, is unreadable", () => {
    const findings = verifyMachine(machine({ GO: [{ guard: () => true, target: "a" }, { target: "end" }] })).findings;
    expect(findings).toMatchObject([{ code: "OPAQUE_GUARD", severity: "warning", place: "a" }]);
    expect(findings[0]?.message).toContain('"GO"');
    expect(verifyMachine(machine({ GO: { guard: below("n", 1), target: "end" } })).findings).toEqual([]);
  });
});

describe("the fingerprint", () => {
  it.each(patterns.map((each) => [each.name, each] as const))("of %s is known from before there was data", (name, { chart }) => {
    expect(chart.isFingerprint(former[name as keyof typeof former])).toBe(true);
    expect(chart.isFingerprint(second[name as keyof typeof second])).toBe(true);
    expect(chart.isFingerprint(chart.fingerprint)).toBe(true);
    expect(chart.isFingerprint("00000000000000")).toBe(false);
  });

  it.each(patterns.map((each) => [each.name, each] as const))(
    "of %s changes with whatever changes what it does",
    (_name, { machine, chart }) => {
      const of = (config: unknown): string | undefined => {
        try {
          return chartOf(createMachine(config as never), { name: chart.name }).fingerprint;
        } catch {
          return undefined; // no machine
        }
      };
      const config: unknown = JSON.parse(JSON.stringify(machine.config));
      const own = of(config);
      const mutants = mutantsOf(config).map(({ what, config: changed }) => ({ what, fingerprint: of(changed) }));
      expect(mutants.filter(({ fingerprint }) => fingerprint !== undefined).length).toBeGreaterThan(2);
      expect(mutants.filter(({ fingerprint }) => fingerprint === own).map(({ what }) => what)).toEqual([]);
    },
  );

  it("does not change with the order in which states, events and parameters are written", () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, turned(inner)] as const)
          .reverse(),
      );
    };
    for (const { machine, chart } of patterns) {
      const again = createMachine(turned(JSON.parse(JSON.stringify(machine.config))) as never);
      expect(chartOf(again, { name: chart.name }).fingerprint, chart.name).toBe(chartOf(machine, { name: chart.name }).fingerprint);
    }
  });

  it("of QA-gated work on a charter that was there is known from when it had the schema of one to come", () => {
    const worker = (id: string) => agent({ id, run: () => "done" });
    const charter = { goal: "Ship it.", criteria: ["it works"], checklist: ["tests run"] };
    const { chart } = qaGated({ name: "given", charter, implementer: worker("coder"), qa: worker("qa") });
    expect(chart.isFingerprint("v217b96623e31db7")).toBe(true);
  });

  it("changes with a payload schema, and with who works where", () => {
    const machine = createMachine({ initial: "a", states: { a: { on: { GO: "end" } }, end: { type: "final" } } });
    const of = (options: object) => chartOf(machine, options).fingerprint;
    const schema = (most: number) => ({ events: { GO: z.object({ n: z.number().max(most) }) } });
    expect(new Set([of({}), of(schema(1)), of(schema(2)), of({ bindings: { a: "x" } }), of({ bindings: { a: "y" } })]).size).toBe(5);
  });
});
