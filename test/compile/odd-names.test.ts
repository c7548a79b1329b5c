import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import { agent, defineOrchestration, send, sequential, swarm } from "../../index.js";
import { says } from "../attacks/desk.js";

const NAMES = ["REPLY", "constructor", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"];

describe("names that mean something to JavaScript, or to the kernel", () => {
  it.each(NAMES)("an event may be called %s", async (name) => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { [name]: "b" } }, b: { tags: "waits", on: { [name]: "end", DONE: "a" } }, end: { type: "final" } },
    });
    const sender = agent({ id: "sender", run: (turn) => (turn.legal().includes(name) ? send(name) : "not legal") });
    const state = await defineOrchestration({ name: "odd", machine, agents: { a: sender, b: sender } as never })
      .compile()
      .invoke(says("go"));
    expect(state.control).toMatchObject({
      done: true,
      refusals: 0,
      trail: [
        { event: name, to: "b" },
        { event: name, to: "end" },
      ],
    });
  });

  it("an event with keys of a control state is an event", async () => {
    const machine = createMachine({ initial: "a", states: { a: { tags: "waits", on: { GO: "end" } }, end: { type: "final" } } });
    const graph = defineOrchestration({ name: "odd", machine, agents: {} }).compile();
    const state = await graph.invoke({ control: { type: "GO", v: 1, chart: "x", value: "y" } });
    expect(state.control.done).toBe(true);
  });

  it.each(NAMES.slice(1, 5))("an agent or a key of the state called %s is refused with a typed error", (name) => {
    const a = agent({ id: "a", run: () => "x" });
    expect(() => swarm({ name: "odd", agents: [a, agent({ id: name, run: () => "x" })] })).toThrow(/RESERVED_NAME/);
    expect(() => sequential({ name: "odd", agents: [a as never], state: { [name]: z.string().optional() } })).toThrow(/RESERVED_NAME/);
  });
});
