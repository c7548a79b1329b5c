import { assign, createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { defineOrchestration, swarm } from "../../index.js";
import { edgeName, everyEdge, type Step } from "../../testing/index.js";
import { everything, idle, mesh } from "../patterns/subjects.js";

const types = (script: readonly Step[]) => script.map((step) => step.event.type);

describe("everyEdge", () => {
  it("needs one script for each edge, where the number of paths is factorial", () => {
    const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const { edges, missing, complete } = everyEdge(swarm({ name: "x", agents: ids.map(idle), maxHandoffs: 2 }).chart);
    const handoffs = edges.filter(({ edge }) => edge.event.startsWith("HANDOFF"));
    expect(handoffs).toHaveLength(56);
    expect(Math.max(...handoffs.map(({ script }) => script.length))).toBe(3);
    expect([missing, complete]).toEqual([[], true]);
  });

  it("finds the shortest script, through guards and counters", () => {
    const { edges } = everyEdge(everything.chart, { payloads: { CLAIM: [{ amount: 40 }, { amount: 400 }] } });
    const scripts = new Map(edges.map(({ edge, script }) => [edgeName(edge), script]));
    expect(scripts.get("reading —CLAIM→ paying")?.at(-1)?.event).toEqual({ type: "CLAIM", amount: 40 });
    expect(types(scripts.get("working.proofing —AGAIN→ working.drafting") ?? [])).toEqual([
      "INPUT",
      "CLAIM",
      "PAUSE",
      "RESUME",
      "DONE",
      "AGAIN",
    ]);
  });

  it("makes up a payload that fits the schema, and says when that opens no guard", () => {
    const { missing } = everyEdge(everything.chart);
    const lost = missing.map(({ edge, why }) => `${edgeName(edge)}: ${why}`);
    expect(lost).toContain("reading —CLAIM→ checking.facts.looking: no state is ever reached in which it is taken with the payloads tried");
    expect(lost.some((line) => line.startsWith("reading —CLAIM→ paying"))).toBe(false);
  });

  it("counts states by place and context, and says when there are more than it looked at", () => {
    const { states, complete } = everyEdge(mesh.chart);
    expect(new Set(states.map(({ control }) => JSON.stringify([control.value, control.context]))).size).toBe(states.length);
    expect(complete).toBe(true);
    const short = everyEdge(mesh.chart, { maxStates: 2 });
    expect(short.complete).toBe(false);
    expect(short.missing[0]?.why).toBe("not within the first 2 states; raise maxStates");
  });

  it("stops at its bound in a chart that counts without end", () => {
    const machine = createMachine({
      context: { n: 0 },
      initial: "a",
      states: { a: { on: { DONE: { target: "a", reenter: true, actions: assign({ n: ({ context }) => Number(context["n"]) + 1 }) } } } },
    });
    const endless = defineOrchestration({ name: "endless", machine, agents: { a: idle("a") } });
    const { states, complete, edges } = everyEdge(endless.chart, { maxStates: 50 });
    expect([states.length, complete, edges.length]).toEqual([50, false, 2]);
  });

  it("says of a place that nothing reaches that it is never reached", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { DONE: "b" } }, b: { type: "final" }, island: { on: { DONE: "b" } } },
    });
    const { missing } = everyEdge(defineOrchestration({ name: "x", machine, agents: { a: idle("a"), island: idle("robinson") } }).chart);
    expect(missing.map(({ edge, why }) => `${edgeName(edge)}: ${why}`)).toEqual([
      "island —DONE→ end: no state is ever reached in which it is taken with the payloads tried",
    ]);
  });
});
