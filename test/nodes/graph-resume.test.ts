import { Command, interrupt, MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, pipeline } from "../../index.js";
import { answering, ask, texts, thread } from "./graph-fixtures.js";

describe("A7 graphs that ask", () => {
  it("a supervisor's graph that asks does not make the worker's graph work again", async () => {
    let runs = 0;
    const worker = agent({ id: "worker", graph: answering(() => `work ${(runs += 1)}`) });
    const boss = agent({ id: "boss", graph: answering((seen) => `boss saw ${seen.length}: ${String(interrupt("Well done?"))}`) });
    const team = pipeline({ name: "team", waits: false, supervisor: boss, stages: [{ phase: "one", agent: worker }] });
    const graph = team.compile({ checkpointer: new MemorySaver() });
    await graph.invoke(ask("hi"), thread("1"));
    expect(texts(await graph.invoke(new Command({ resume: "yes" }), thread("1")))).toEqual(["hi", "work 1", "boss saw 2: yes"]);
  });

  it("a graph with a memory of its own asks, is passed over, and asks again", async () => {
    const clerk = agent({ id: "clerk", memory: "thread", graph: answering((seen) => `${seen.length} ${String(interrupt("Go on?"))}`) });
    const graph = pipeline({ name: "team", stages: [{ phase: "desk", agent: clerk }] }).compile({ checkpointer: new MemorySaver() });
    await graph.invoke(ask("one"), thread("1"));
    expect(texts(await graph.invoke(new Command({ resume: "yes" }), thread("1")))).toEqual(["one", "1 yes"]);
    await graph.invoke(ask("two"), thread("1"));
    await graph.invoke(ask("three"), thread("1"));
    expect(texts(await graph.invoke(new Command({ resume: "no" }), thread("1")))).toEqual(["one", "1 yes", "two", "three", "4 no"]);
  });
});
