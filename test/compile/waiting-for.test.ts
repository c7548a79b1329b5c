import { Command, interrupt, MemorySaver } from "@langchain/langgraph";
import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import { agent, defineOrchestration, human, mapReduce, parallel, pipeline, sequential, type Agent, type WaitedFor } from "../../index.js";
import { callTool, scriptedModel } from "../../testing/index.js";

const says = { messages: [{ role: "user" as const, content: "go" }] };
const config = { configurable: { thread_id: "1" } };
const pay = tool(() => "paid", { name: "pay", description: "Pays.", schema: z.object({}) });
const clerk = (): Agent => agent({ id: "clerk", model: scriptedModel([callTool("pay"), "Done."]), tools: [pay], approval: ["pay"] });
const asker = agent({ id: "asker", run: () => String(interrupt("Go on?")) });

type Team = ReturnType<typeof sequential>;
const gate = defineOrchestration({
  name: "gate",
  machine: createMachine({
    initial: "shut",
    states: { shut: { tags: "waits", on: { OPEN: "in", CLOSE: "end" } }, in: { on: { DONE: "end" } }, end: { type: "final" } },
  }),
  agents: { in: agent({ id: "porter", run: () => "ok" }) },
});
const approval: Partial<WaitedFor> = { for: "approval", tools: ["pay"], agent: "clerk" };

const CASES: Readonly<Record<string, readonly [team: unknown, waiting: readonly string[], told: readonly Partial<WaitedFor>[]]>> = {
  "an approval": [sequential({ name: "s", agents: [clerk()] }), ["clerk"], [{ ...approval, phase: "clerk" }]],
  "an approval of a worker": [
    mapReduce({ name: "m", items: () => [1], mapper: clerk() }),
    ["map"],
    [1].map(() => ({ ...approval, phase: "map", task: expect.any(String) as string })),
  ],
  "an approval in a nested team": [
    sequential({ name: "s", agents: [sequential({ name: "inner", agents: [clerk()] })] }),
    ["inner"],
    [{ ...approval, phase: "inner" }],
  ],
  "a person": [
    sequential({ name: "s", agents: [human({ id: "boss" })] }),
    ["boss"],
    [{ phase: "boss", agent: "boss", for: "person", events: ["DONE"] }],
  ],
  "a question of a function": [sequential({ name: "s", agents: [asker] }), ["asker"], [{ phase: "asker", agent: "asker", for: "answer" }]],
  "two branches": [
    parallel({ name: "p", branches: [clerk(), asker] }),
    ["p.asker", "p.clerk"],
    [{ agent: "asker", for: "answer" }, { ...approval }],
  ],
  "the user": [
    pipeline({
      name: "p",
      stages: [
        { phase: "a", agent: agent({ id: "x", run: () => "?" }), next: "b" },
        { phase: "b", agent: human({ id: "y" }) },
      ],
    }),
    ["a"],
    [{ phase: "a", agent: "x", for: "message", events: ["HANDOFF.b"] }],
  ],
  "an event from outside": [gate, ["shut"], [{ phase: "shut", for: "event", events: ["OPEN", "CLOSE"] }]],
};

describe("who is waited for", () => {
  it.each(Object.entries(CASES))("%s is told by the run, by the thread and by its history", async (_name, [given, waiting, told]) => {
    const team = given as Team; // any orchestration without state of its own
    const graph = team.compile({ checkpointer: new MemorySaver() });
    const after = await graph.invoke(says as never, config);
    const named = ({ control }: { control: { waiting: readonly string[] } }) => [...control.waiting].sort();
    const state = await graph.getState(config);
    let newest: { readonly values: unknown } | undefined;
    for await (const each of graph.getStateHistory(config)) newest ??= each;
    for (const values of [after, state.values, newest?.values]) expect(named(values as never).length).toBe(waiting.length);
    expect(named(after as never).map((phase) => phase.split(".").at(-1))).toEqual(waiting.map((phase) => phase.split(".").at(-1)));
    const found = team.waitingFor(state).toSorted((a, b) => (a.agent ?? "").localeCompare(b.agent ?? ""));
    expect(found).toMatchObject(told);
  });

  it("nobody, where the end is reached; and who was answered waits no more", async () => {
    const team = sequential({ name: "s", agents: [asker] });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    await graph.invoke(says, config);
    const after = await graph.invoke(new Command({ resume: "yes" }), config);
    expect([after.control.waiting, team.waitingFor(await graph.getState(config))]).toEqual([[], []]);
  });
});
