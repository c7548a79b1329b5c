import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agent, parallel, sequential } from "../../index.js";
import { ask, calls, countingTool, texts, thread } from "./graph-fixtures.js";

describe("durable calls that fail", () => {
  it("a model that throws in one branch takes no sibling with it", async () => {
    const broken = agent({ id: "broken", model: fakeModel().respond(new Error("no credit")) });
    const state = await parallel({ name: "team", branches: [broken, agent({ id: "other", run: () => "fine" })] })
      .compile()
      .invoke(ask("hi"));
    expect(state.results["broken"]).toMatchObject({ status: "failed", error: { message: "no credit" } });
    expect(state.results["other"]?.status).toBe("ok");
  });

  it("a failure is not stored as a result: run again, the call is made again, and what had succeeded is not", async () => {
    const counting = countingTool();
    const model = fakeModel()
      .respond(calls(["count", {}, "1"]))
      .respond(new Error("overloaded"))
      .respond(new Error("overloaded"))
      .respond(new AIMessage("done"));
    const team = sequential({ name: "team", agents: [agent({ id: "it", model, tools: [counting.tool] })] });
    const graph = team.compile({ checkpointer: new MemorySaver(), durability: "sync" });
    await expect(graph.invoke(ask("hi"), thread("1"))).rejects.toThrow("overloaded");
    await expect(graph.invoke(null, thread("1"))).rejects.toThrow("overloaded");
    expect(texts(await graph.invoke(null, thread("1")))).toEqual(["hi", "", "run 1", "done"]);
    expect(counting.runs()).toBe(1);
    expect(model.callCount).toBe(4);
  });
});
