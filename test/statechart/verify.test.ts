import { describe, expect, it } from "vitest";
import { createMachine, type AnyStateMachine } from "xstate";
import {
  agent,
  approve,
  defineOrchestration,
  human,
  InvalidDefinitionError,
  loop,
  parallel,
  pipeline,
  sequential,
  swarm,
} from "../../index.js";
import { chartOf, verify, verifyMachine, type FindingCode } from "../../src/statechart/index.js";
import { ENOUGH, growth } from "../growth.js";

const works = (id: string) => agent({ id, run: () => "done" });
const found = (machine: AnyStateMachine): [FindingCode, string][] =>
  verifyMachine(machine).findings.map(({ code, place }) => [code, place]);
const end = { type: "final" } as const;

describe("G1 verify finds what can never work", () => {
  it("a phase that nothing leads to, and the agent bound to it", () => {
    const machine = createMachine({ initial: "a", states: { a: { on: { DONE: "end" } }, island: { on: { DONE: "end" } }, end } });
    const review = defineOrchestration({ name: "review", machine, agents: { a: works("a"), island: works("lonely") } });
    expect(review.verify().findings).toMatchObject([
      { code: "UNREACHABLE_STATE", severity: "error", place: "island" },
      { code: "UNUSED_AGENT", severity: "warning", place: "island", message: expect.stringContaining("lonely") as unknown },
    ]);
    expect(() => review.verify().assertOk()).toThrow(InvalidDefinitionError);
    expect(() => review.compile()).not.toThrow();
  });

  it("an island whose phases lead to each other", () => {
    const island = { on: { "HANDOFF.there": "there" } };
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { DONE: "end" } }, here: island, there: { on: { "HANDOFF.here": "here" } }, end },
    });
    expect(found(machine)).toEqual([
      ["UNREACHABLE_STATE", "here"],
      ["UNREACHABLE_STATE", "there"],
    ]);
  });

  it("a dead end, with the shortest events that lead into it", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { GO: "b", DONE: "end" } }, b: { on: { DEEPER: "pit" } }, pit: {}, end },
    });
    const findings = verifyMachine(machine).findings;
    expect(findings).toMatchObject([
      { code: "DEAD_END", place: "b", script: ["GO"] },
      { code: "DEAD_END", place: "pit", script: ["GO", "DEEPER"] },
    ]);
  });

  it("an inner final state after which nothing comes", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { GO: "p" } }, p: { initial: "run", states: { run: { on: { DONE: "over" } }, over: end } } },
    });
    expect(verifyMachine(machine).findings).toContainEqual(
      expect.objectContaining({ code: "DEAD_END", place: "p.over", advice: 'give "p" an onDone', script: ["GO"] }),
    );
    const left = createMachine({
      initial: "p",
      states: { p: { initial: "run", states: { run: { on: { DONE: "over" } }, over: end }, onDone: "end" }, end },
    });
    expect(found(left)).toEqual([]);
  });

  it("a phase that only an input in an unreachable phase leads to", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { tags: "waits" }, x: { tags: "waits", on: { INPUT: "y" } }, y: { on: { DONE: "a" } } },
    });
    expect(found(machine)).toEqual([
      ["UNREACHABLE_STATE", "x"],
      ["UNREACHABLE_STATE", "y"],
    ]);
  });

  it("a phase that waits for the user is no dead end", () => {
    expect(found(createMachine({ initial: "a", states: { a: { tags: "waits" } } }))).toEqual([]);
  });

  it("a phase without an agent", () => {
    const chart = chartOf(createMachine({ initial: "a", states: { a: { on: { DONE: "b" } }, b: { on: { DONE: "end" } }, end } }));
    expect(verify(chart, new Map([["a", { id: "a" }]])).findings).toMatchObject([{ code: "NO_AGENT", place: "b", script: ["DONE"] }]);
  });

  it("a handoff that names nobody", () => {
    const machine = createMachine({ initial: "a", states: { a: { on: { "HANDOFF.ghost": "b" } }, b: { on: { DONE: "end" } }, end } });
    expect(verifyMachine(machine)).toMatchObject({ ok: true, findings: [{ code: "UNKNOWN_HANDOFF", severity: "warning", place: "a" }] });
  });

  it("a cycle of agents without a bound", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { "HANDOFF.b": "b", DONE: "end" } }, b: { on: { "HANDOFF.a": "a" } }, end },
    });
    expect(found(machine)).toEqual([["UNBOUNDED_CYCLE", "a"]]);
  });

  it("a phase that leads to itself", () => {
    const machine = createMachine({ initial: "a", states: { a: { on: { AGAIN: { target: "a", reenter: true }, DONE: "end" } }, end } });
    expect(found(machine)).toEqual([["UNBOUNDED_CYCLE", "a"]]);
  });

  it("a bounded cycle that leaves nothing to do once the bound is met", () => {
    const again = { target: "a", guard: () => true };
    const stuck = createMachine({ context: { n: 0 }, initial: "a", states: { a: { on: { DONE: "b" } }, b: { on: { DONE: again } } } });
    const free = createMachine({
      context: { n: 0 },
      initial: "a",
      states: { a: { on: { DONE: "b" } }, b: { on: { DONE: [again, { target: "end" }] } }, end },
    });
    expect(found(stuck).map(([code]) => code)).toContain("NO_WAY_OUT");
    expect(found(free).filter(([code]) => code !== "OPAQUE_GUARD")).toEqual([]);
  });

  it("a cycle that people drive is theirs to end", () => {
    const machine = createMachine({
      initial: "work",
      states: { work: { on: { DONE: "asked" } }, asked: { tags: "waits", on: { AGAIN: "work", OK: "end" } }, end },
    });
    const asked = defineOrchestration({ name: "asked", machine, agents: { work: works("worker") } });
    expect(asked.verify().findings).toEqual([]);
  });

  it("a join that cannot fill, and one that leads nowhere", () => {
    const region = (id: string, ends: boolean) => ({
      initial: "run",
      states: { run: { id, on: { [`DONE.${id}`]: ends ? "ok" : "more" } }, more: {}, ok: end },
    });
    const never = createMachine({
      initial: "p",
      states: { p: { type: "parallel", states: { x: region("x", true), y: region("y", false) }, onDone: "end" }, end },
    });
    const nowhere = createMachine({
      initial: "p",
      states: { p: { type: "parallel", states: { x: region("x", true), y: region("y", true) } }, end },
    });
    expect(found(never)).toContainEqual(["JOIN_NEVER_FILLS", "p"]);
    expect(found(nowhere)).toContainEqual(["JOIN_NEVER_FILLS", "p"]);
  });

  it("an event that moves two branches at once", () => {
    const region = { initial: "run", states: { run: { on: { DONE: "ok" } }, ok: end } };
    const machine = createMachine({
      initial: "p",
      states: { p: { type: "parallel", states: { x: region, y: region }, onDone: "end" }, end },
    });
    expect(found(machine)).toEqual([["SHARED_EVENT", "p"]]);
  });

  it("nothing in the patterns", () => {
    const [a, b, c] = [works("a"), works("b"), works("c")] as const;
    const judge = agent({ id: "judge", run: () => approve() });
    const all = [
      sequential({ name: "s", agents: [a, b, c] }),
      sequential({ name: "s", agents: [a, b], strict: false }),
      parallel({ name: "p", branches: [a, b], synthesizer: c }),
      parallel({ name: "p", branches: [a, b], onFailure: "stop" }),
      swarm({ name: "w", agents: [a, b, human({ id: "h" })] }),
      swarm({ name: "w", agents: [a, b, c], handoffs: { a: ["b"], b: ["c"], c: ["a"] } }),
      loop({ name: "l", producer: a, reviewers: [judge] }),
      loop({ name: "l", producer: a, reviewers: [judge, b], mode: "sequential", maxIterations: 1 }),
      pipeline({
        name: "i",
        stages: [
          { phase: "x", agent: a, next: "y" },
          { phase: "y", agent: b, next: "z", canReturnTo: ["x", "y"] },
          { phase: "z", agent: c },
        ],
      }),
      pipeline({
        name: "i",
        waits: false,
        stages: [
          { phase: "x", agent: a, next: "y" },
          { phase: "y", agent: b, next: "x" },
        ],
      }),
    ];
    for (const orchestration of all) expect(orchestration.verify().findings, orchestration.name).toEqual([]);
  });

  it("takes time that grows as phases and transitions do, up to 1,000 and 10,000", async () => {
    const many = (size: number) => {
      const states = Object.fromEntries(
        Array.from({ length: size }, (_, index) => {
          const ways = Array.from({ length: 9 }, (__, way) => [
            `E${way}`,
            `s${Math.min(size, index + 1 + ((index * 7 + way * 131) % size))}`,
          ]);
          return [`s${index}`, { on: { DONE: `s${index + 1}`, ...(Object.fromEntries(ways) as Record<string, string>) } }];
        }),
      );
      return createMachine({ initial: "s0", states: { ...states, [`s${size}`]: end } });
    };
    expect(verifyMachine(many(1_000)).findings).toEqual([]);
    expect(await growth((size) => verifyMachine(many(size)), 100)).toBeLessThan(ENOUGH);
  });

  it("does not overflow on a chain of ten thousand", () => {
    const states = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`s${index}`, { on: { DONE: `s${index + 1}` } }]));
    expect(verifyMachine(createMachine({ initial: "s0", states: { ...states, s10000: end } })).ok).toBe(true);
  });
});
