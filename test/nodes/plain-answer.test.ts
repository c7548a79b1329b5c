import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { agent, defineOrchestration, InvalidModelOutputError, reply, type Agent } from "../../index.js";
import { callHandoff, providerIssues, scriptedModel } from "../../testing/index.js";

type Script = Parameters<typeof scriptedModel>[0];

const go = { messages: [{ role: "user" as const, content: "go" }] };
const machine = createMachine({
  initial: "front",
  states: { front: { on: { "HANDOFF.clerk": "clerk" } }, clerk: { on: { DONE: "end" } }, end: { type: "final" } },
});
const clerk = agent({ id: "clerk", run: () => reply("stamped") });
const desk = (front: Agent<"front">) => defineOrchestration({ name: "desk", machine, agents: { front, clerk } });

/** The two ways in which a model that uses the handoff tool is made an agent. */
const made: readonly (readonly [string, (script: Script) => readonly [Agent<"front">, ReturnType<typeof scriptedModel>]])[] = [
  [
    "a built-in agent",
    (script) => {
      const model = scriptedModel(script);
      return [agent({ id: "front", model }), model];
    },
  ],
  [
    "an agent made by createAgent",
    (script) => {
      const model = scriptedModel(script);
      return [agent({ id: "front", graph: createAgent({ model, tools: [] }) }) as Agent<"front">, model];
    },
  ],
];

describe.each(made)("where only handoffs lead on, %s that simply answers", (_kind, make) => {
  it("is told so, keeps its words, and hands over", async () => {
    const [front, model] = make(["I looked at it.", callHandoff("clerk")]);
    const state = await desk(front).compile().invoke(go);
    expect(state.control.done).toBe(true);
    expect(state.messages.map(({ text }) => text).filter((text) => text !== "")).toEqual([
      "go",
      "I looked at it.",
      "Your answer was heard, but it does not end the work here. Call handoff with one of: clerk.",
      "Handed over to clerk.",
      "stamped",
    ]);
    for (const request of model.calls) expect(providerIssues(request)).toEqual([]);
    model.assertDone();
  });

  it("is asked no more than three times, and the error says what is open", async () => {
    const [front, model] = make(["one", "two", "three", "four"]);
    const failure = await desk(front)
      .compile()
      .invoke(go)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidModelOutputError);
    expect((failure as Error).message).toContain('3 times it only answered, and phase "front" is left by a handoff alone; open: clerk');
    expect(model.calls).toHaveLength(3);
  });
});
